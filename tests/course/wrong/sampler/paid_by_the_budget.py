# Rejected: "priority has been paid out of the budget"
from hashlib import blake2b

from simulation.course.exercises.sampler.solution import *  # noqa: F403


def choose(window, budget, seed):
    def rank(comment):
        return (not comment.priority, blake2b(f"{seed} {comment.id}".encode()).digest())

    staff = sum(each.priority for each in window)
    lucky = sorted(window, key=rank)[: max(budget, staff)]
    return [each for each in window if each in lucky]
