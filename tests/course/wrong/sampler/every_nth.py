# Rejected: "are not all among them"
from simulation.course.exercises.sampler.solution import *  # noqa: F403


def choose(window, budget, seed):
    ordinary = [each for each in window if not each.priority]
    count = min(budget, len(ordinary))
    lucky = [ordinary[number * len(ordinary) // count] for number in range(count)]
    return [each for each in window if each.priority or each in lucky]
