"""Bottom-k: each comment gets a rank by a keyed hash of its id, and the lowest ranks are shown."""

from collections.abc import Sequence
from hashlib import blake2b
from heapq import nsmallest

from simulation.course.exercises.sampler import Comment


def choose(window: Sequence[Comment], budget: int, seed: str) -> list[Comment]:
    def rank(comment: Comment) -> bytes:
        return blake2b(f"{seed} {comment.id}".encode(), digest_size=8).digest()

    ordinary = [each for each in window if not each.priority]
    lucky = {each.seq for each in nsmallest(budget, ordinary, key=rank)}
    return [each for each in window if each.priority or each.seq in lucky]


def shown_to(viewer: str, window: Sequence[Comment], chosen: Sequence[Comment]) -> list[Comment]:
    for_all = {each.seq for each in chosen}
    return [each for each in window if each.seq in for_all or each.author == viewer]


def account(first: int, last: int, shown: Sequence[int]) -> dict[str, int] | None:
    dropped = last - first + 1 - len(shown)
    return {"from": first, "to": last, "shown": len(shown), "dropped": dropped} if dropped else None
