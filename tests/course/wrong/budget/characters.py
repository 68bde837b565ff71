# Rejected: "A character is not a byte"
from simulation.course.exercises.budget.solution import *  # noqa: F403


def comment_bytes(user, text):
    return 290 + 2 * len(user) + len(text)
