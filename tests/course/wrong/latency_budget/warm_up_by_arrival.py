# Rejected: "go by when it was meant"
from simulation.course.exercises.latency_budget.run import quantile
from simulation.course.exercises.latency_budget.solution import *  # noqa: F403


def ways(run):
    return [got_s - run.meant_s[seq] for seq, got_s in run.receipts if got_s >= run.began_s + run.warm_up_s]


def p99_s(run):
    return quantile(
        [got_s - run.meant_s[seq] for seq, got_s in run.receipts if run.meant_s[seq] >= run.began_s + 2], 0.99
    )
