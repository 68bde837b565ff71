# Rejected: "not by their places"
from simulation.course.exercises.latency_budget.run import quantile
from simulation.course.exercises.latency_budget.solution import *  # noqa: F403


def p99_s(run):
    meant = [at for at in run.meant_s.values() for _ in range(run.viewers)]
    return quantile([got_s - at for at, (_, got_s) in zip(meant, run.receipts, strict=False)], 0.99)
