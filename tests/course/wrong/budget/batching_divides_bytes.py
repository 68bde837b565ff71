# Rejected: "divided by the comments in a window"
from simulation.course.exercises.budget.solution import *  # noqa: F403


def egress_bit_per_s(viewers, posted_per_s, shown_per_s, window_s, comment_bytes):
    each = min(posted_per_s, shown_per_s)
    return viewers * each * comment_bytes * 8 / max(1, each * window_s)
