"""The log: appends wait while a commit runs and go together into the next one, by the server's `CommitQueue`."""

from collections.abc import Callable
from dataclasses import dataclass

import simpy

from reference_impl.policy.batching import CommitQueue, GroupCommitConfig
from simulation.model.event_loop import EventLoop, Steps


@dataclass(slots=True)
class Stamps:
    """When one comment passed each stage (simulated seconds)."""

    intended_s: float
    admitted_s: float = 0.0
    durable_s: float = 0.0
    hub_s: float = 0.0


class Log:
    """``commit_s`` draws a commit's length from the number of comments in it; it passes off the event loop."""

    def __init__(
        self,
        env: simpy.Environment,
        loop: EventLoop,
        config: GroupCommitConfig,
        commit_s: Callable[[int], float],
        on_durable: Callable[[list[Stamps]], Steps],
    ) -> None:
        self._env = env
        self._loop = loop
        self._queue: CommitQueue[Stamps] = CommitQueue(config)
        self._commit_s = commit_s
        self._on_durable = on_durable

    def append(self, comment: Stamps) -> bool:
        """Queue a comment; False when the queue is full."""
        if not self._queue.offer(comment):
            return False
        self._start()
        return True

    def _start(self) -> None:
        if batch := self._queue.start():
            self._env.process(self._commit(batch))

    def _commit(self, batch: list[Stamps]) -> Steps:
        yield self._env.timeout(self._commit_s(len(batch)))
        with self._loop.turn() as turn:
            yield turn
            for comment in batch:
                comment.durable_s = self._env.now
            self._queue.finish()
            self._start()
        yield from self._on_durable(batch)
