# Rejected: "where all share one hall"
from simulation.course.exercises.budget.solution import *  # noqa: F403


def chance_shown(viewers, posted_per_s, shown_per_s, room_viewers):
    return min(1, shown_per_s / posted_per_s)
