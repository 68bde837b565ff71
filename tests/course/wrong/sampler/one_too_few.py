# Rejected: "From 3 to 3 is one number"
from simulation.course.exercises.sampler.solution import *  # noqa: F403


def account(first, last, shown):
    dropped = last - first - len(shown)
    return {"from": first, "to": last, "shown": len(shown), "dropped": dropped} if dropped >= 0 else None
