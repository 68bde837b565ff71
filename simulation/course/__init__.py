"""The course: lessons predicted, simulated and measured live, and exercises that are judged in virtual time."""
