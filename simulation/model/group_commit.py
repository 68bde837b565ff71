"""Comments wait, go into one commit together, through the guard, and are published and answered in commit order."""

from collections.abc import Callable
from dataclasses import dataclass, field

import simpy

from reference_impl.policy.batching import CommitQueue, GroupCommitConfig
from simulation.model.database import Database
from simulation.model.event_loop import Steps
from simulation.model.guard import Guard


@dataclass(frozen=True, slots=True)
class Waiting:
    """A post by its idempotency key; ``answer`` comes about with whether it is stored, and the time to stay away."""

    key: int
    answer: simpy.Event


@dataclass(slots=True)
class GroupCommit:
    """``seqs``: of every comment that is stored, by its key: a repeated one finds its first answer."""

    env: simpy.Environment
    database: Database
    guard: Guard
    publish: Callable[[int], None]
    seqs: dict[int, int] = field(default_factory=dict)
    _queue: CommitQueue[Waiting] = field(default_factory=lambda: CommitQueue(GroupCommitConfig()))

    @property
    def head(self) -> int:
        return len(self.seqs)

    def submit(self, key: int) -> simpy.Event:
        waiting = Waiting(key, self.env.event())
        if not self._queue.offer(waiting):
            waiting.answer.succeed((False, 1.0))
        self._start()
        return waiting.answer

    def _start(self) -> None:
        if batch := self._queue.start():
            self.env.process(self._commit(batch))

    def _commit(self, batch: list[Waiting]) -> Steps:
        outcome = yield from self.guard.once(self.database.write, lambda: self._store(batch))
        if outcome[0]:
            self._store(batch)
        for waiting in batch:
            waiting.answer.succeed(outcome)
        self._queue.finish()
        self._start()

    def _store(self, batch: list[Waiting]) -> None:
        for waiting in batch:
            if waiting.key not in self.seqs:
                self.seqs[waiting.key] = self.head + 1
                self.publish(self.head)
