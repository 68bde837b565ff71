# Rejected: "how many rooms there are"
from simulation.course.exercises.budget.solution import *  # noqa: F403


def room_viewers(viewers, posted_per_s, shown_per_s):
    return min(viewers, posted_per_s / shown_per_s)
