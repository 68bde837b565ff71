"""A mock interview on live comments: timed, follow-ups by seed, arithmetic that is checked, a design that is run."""
