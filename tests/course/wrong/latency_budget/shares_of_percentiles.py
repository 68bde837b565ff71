# Rejected: "nobody's way"
from simulation.course.exercises.latency_budget.run import STAGES, quantile
from simulation.course.exercises.latency_budget.solution import *  # noqa: F403
from simulation.course.exercises.latency_budget.solution import stages


def shares(run):
    rows = [stages(run, *each) for each in run.receipts if run.meant_s[each[0]] >= run.began_s + run.warm_up_s]
    p99s = {stage: quantile([row[stage] for row in rows], 0.99) for stage in STAGES}
    return {stage: of_it / sum(p99s.values()) for stage, of_it in p99s.items()}
