"""The write path of a fleet without an event each: who is admitted, and when the log has each comment.

Obeys the server's `RateLimiter` and `CommitQueue`; commits follow one another while anything waits.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from reference_impl.policy.batching import CommitQueue, GroupCommitConfig
from reference_impl.policy.rate import RateLimiter


@dataclass(slots=True)
class Published:
    """The comments that were accepted: ``intended_s`` and ``durable_s`` by seq, which begins at 1, and who were not."""

    intended_s: list[float] = field(default_factory=list)
    durable_s: list[float] = field(default_factory=list)
    limited: int = 0  # over their author's rate
    crowded_out: int = 0  # for want of room in the queue


class _Committing:
    def __init__(self, config: GroupCommitConfig, commit_s: Callable[[int], float]) -> None:
        self.queue: CommitQueue[float] = CommitQueue(config)
        self.published = Published()
        self._commit_s = commit_s
        self._batch: list[float] = []
        self._end_s = float("inf")

    def start(self, now: float) -> None:
        if batch := self.queue.start():
            self._batch, self._end_s = batch, now + self._commit_s(len(batch))

    def until(self, now: float) -> None:
        """End the commits that have ended by ``now``."""
        while self.queue.committing and self._end_s <= now:
            self.published.intended_s += self._batch
            self.published.durable_s += [self._end_s] * len(self._batch)
            self.queue.finish()
            self.start(self._end_s)


def publish(
    posts: Iterable[tuple[float, str]],
    limiter: RateLimiter,
    config: GroupCommitConfig,
    commit_s: Callable[[int], float],
) -> Published:
    """Take posts (at, author) in order of time; ``commit_s`` is a commit's length by its number of comments."""
    committing = _Committing(config, commit_s)
    for at_s, author in posts:
        committing.until(at_s)
        if not limiter.admit(author, at_s).admitted:
            committing.published.limited += 1
        elif committing.queue.offer(at_s):
            committing.start(at_s)
        else:
            committing.published.crowded_out += 1
    committing.until(float("inf"))
    return committing.published
