# Rejected: "count from the intention"
from simulation.course.exercises.latency_budget.run import STAGES
from simulation.course.exercises.latency_budget.solution import *  # noqa: F403


def stages(run, seq, got_s):
    times = [*run.stamps[seq], got_s]
    return {stage: end - begin for stage, begin, end in zip(STAGES, times, times[1:], strict=False)}
