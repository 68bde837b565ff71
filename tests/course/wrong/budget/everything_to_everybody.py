# Rejected: "more than the display budget, whatever is posted"
from simulation.course.exercises.budget.solution import *  # noqa: F403


def deliveries_per_s(viewers, posted_per_s, shown_per_s):
    return viewers * posted_per_s
