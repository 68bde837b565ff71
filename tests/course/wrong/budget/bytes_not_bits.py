# Rejected: "Networks are sold in bits"
from simulation.course.exercises.budget.solution import *  # noqa: F403


def egress_bit_per_s(viewers, posted_per_s, shown_per_s, window_s, comment_bytes):
    return viewers * min(posted_per_s, shown_per_s) * comment_bytes
