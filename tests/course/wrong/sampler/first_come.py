# Rejected: "That in place 1 of the window"
from simulation.course.exercises.sampler.solution import *  # noqa: F403


def choose(window, budget, seed):
    ordinary = sorted((each for each in window if not each.priority), key=lambda each: each.id)
    return [each for each in window if each.priority or each in ordinary[:budget]]
