# Rejected: "does not grow with"
from simulation.course.exercises.budget.solution import *  # noqa: F403


def edges(viewers, posted_per_s, peak, shown_per_s, core_per_s, busy_max, connections_max):
    by_cpu = viewers * min(posted_per_s, shown_per_s) * peak / (core_per_s * busy_max)
    return max(-int(-by_cpu // 1), -(-viewers // connections_max))
