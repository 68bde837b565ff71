# Rejected: "not for their mean"
from statistics import fmean

from simulation.course.exercises.latency_budget.solution import *  # noqa: F403
from simulation.course.exercises.latency_budget.solution import ways


def holds(run, budget_s):
    return fmean(each for each in ways(run) if each < float("inf")) <= budget_s
