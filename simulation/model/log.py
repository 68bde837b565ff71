"""The log: appends wait while a commit runs and go together into the next one, by the server's `CommitQueue`."""

from collections.abc import Callable
from dataclasses import dataclass

import simpy

from reference_impl.policy.batching import CommitQueue, GroupCommitConfig
from simulation.model.core import Core
from simulation.model.costs import CommitCost
from simulation.model.event_loop import EventLoop, Steps

TURNS_BEFORE = 2  # of the queue's task, and of the guard's, which asks for the thread
TURNS_AFTER = 4  # the thread's answer, the guard's task, whoever waits for it, the queue's task


@dataclass(slots=True)
class Stamps:
    """When one comment passed each stage (simulated seconds)."""

    intended_s: float
    admitted_s: float = 0.0
    durable_s: float = 0.0
    hub_s: float = 0.0
    stored: bool = False
    answered: simpy.Event | None = None  # for an author who waits

    def answer(self) -> None:
        if self.answered is not None and not self.answered.triggered:
            self.answered.succeed()


class Log:
    """``cost`` draws what a commit takes from the number of comments in it.

    On its way to its thread and back a commit is handed from task to task, and each waits in the loop's line anew:
    behind all other callbacks that became ready meanwhile, which on a busy loop is most of what a commit takes. Its
    thread is off the event loop, and on the same ``core`` where the process has one only. ``stored`` is what is
    written, in the order of its seq: a process that is killed leaves it to the next one.
    """

    def __init__(
        self,
        env: simpy.Environment,
        loop: EventLoop,
        config: GroupCommitConfig,
        cost: Callable[[int], CommitCost],
        on_durable: Callable[[list[Stamps]], Steps],
        core: Core | None = None,
    ) -> None:
        self._env = env
        self._loop = loop
        self._queue: CommitQueue[Stamps] = CommitQueue(config)
        self._cost = cost
        self._on_durable = on_durable
        self._core = core
        self.busy_s = 0.0  # of the thread
        self.stored: list[Stamps] = []

    @property
    def fill(self) -> float:
        """How full the queue is, 0 to 1."""
        waiting = len(self._queue)
        return waiting / (waiting + self._queue.room)

    def append(self, comment: Stamps) -> bool:
        """Queue a comment; False when the queue is full."""
        if not self._queue.offer(comment):
            return False
        self._start()
        return True

    def _store(self, batch: list[Stamps]) -> None:
        self.stored += batch
        for comment in batch:
            comment.stored = True

    def _start(self) -> None:
        if batch := self._queue.start():
            self._env.process(self._commit(batch))

    def _commit(self, batch: list[Stamps]) -> Steps:
        """A callback of its own, behind what else is ready: the fan-out of the commit before, if that has one."""
        cost = self._cost(len(batch))
        self.busy_s += cost.work_s
        yield from self._wait_in_line(TURNS_BEFORE - 1)
        yield from self._loop.run(cost.dispatch_s)
        yield self._env.timeout(cost.handover_s)
        if self._core is None:
            yield self._env.timeout(cost.work_s)
        else:
            yield self._core.start(cost.work_s)
        if not self._loop.alive:  # the thread went with its process, before the end of the transaction
            return
        self._store(batch)
        yield self._env.timeout(cost.sync_s)
        yield from self._wait_in_line(TURNS_AFTER - 1)
        with self._loop.turn() as turn:
            yield turn
            for comment in batch:
                comment.durable_s = self._env.now
            self._queue.finish()
            self._env.process(self._on_durable(batch))
            self._start()

    def _wait_in_line(self, turns: int) -> Steps:
        for _ in range(turns):
            yield from self._loop.run(0.0)
