"""The exercises: a folder each, with `EXERCISE`, the stub that a learner begins with, and a solution."""
