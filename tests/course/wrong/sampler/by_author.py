# Rejected: "hash the comment, not who wrote it"
from hashlib import blake2b

from simulation.course.exercises.sampler.solution import *  # noqa: F403


def choose(window, budget, seed):
    def rank(comment):
        return blake2b(f"{seed} {comment.author}".encode()).digest()

    ordinary = sorted((each for each in window if not each.priority), key=rank)
    return [each for each in window if each.priority or each in ordinary[:budget]]
