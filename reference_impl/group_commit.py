"""Group commit around any `CommentLog`: waits, commits batches, publishes what is durable, answers the waiting.

Publishing happens here, in commit order and before anybody is answered, so that an author who goes away between the
commit and the answer cannot keep the comment from its viewers.
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from reference_impl.policy.batching import CommitQueue, GroupCommitConfig
from reference_impl.ports import Answer, Appended, Broker, Clock, LogUnavailable, Published, Stamps
from reference_impl.protocol.events import Draft

Outcome = Answer | LogUnavailable


class Appender(Protocol):
    """What a queue needs of a log."""

    async def append(self, drafts: Sequence[Draft]) -> list[Answer]: ...


class Commits(Protocol):
    """Takes drafts, promises answers, and has published what is durable before it answers."""

    @property
    def fill(self) -> float:
        """How full the queue is, 0 to 1."""
        ...

    def submit(self, draft: Draft, received_s: float) -> "asyncio.Future[Outcome] | None":
        """Queue a draft and promise what the log says of it; None refuses it because the queue is full."""
        ...

    def submit_all(self, drafts: Sequence[Draft], received_s: float) -> "asyncio.Future[list[Outcome]] | None":
        """Queue drafts and promise all the answers, in order; None refuses them when not all find room."""
        ...

    async def drain(self) -> None:
        """Wait until everything submitted has been answered."""
        ...


@dataclass(frozen=True, slots=True)
class _Waiting:
    draft: Draft
    received_s: float
    admitted_s: float
    settle: Callable[[Outcome], None]


class GroupCommit:
    def __init__(self, log: Appender, broker: Broker, config: GroupCommitConfig, clock: Clock) -> None:
        self._log = log
        self._broker = broker
        self._clock = clock
        self._queue: CommitQueue[_Waiting] = CommitQueue(config)
        self._running: asyncio.Task[Any] | None = None

    @property
    def room(self) -> int:
        return self._queue.room

    @property
    def fill(self) -> float:
        waiting = len(self._queue)
        return waiting / (waiting + self._queue.room)

    def submit(self, draft: Draft, received_s: float) -> "asyncio.Future[Outcome] | None":
        promise: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()
        if not self._queue.offer(_Waiting(draft, received_s, self._clock(), lambda outcome: _keep(promise, outcome))):
            return None
        self._start()
        return promise

    def submit_all(self, drafts: Sequence[Draft], received_s: float) -> "asyncio.Future[list[Outcome]] | None":
        promise: asyncio.Future[list[Outcome]] = asyncio.get_running_loop().create_future()
        if self._queue.room < len(drafts):
            return None
        outcomes: list[Outcome] = []

        def settle(outcome: Outcome) -> None:
            outcomes.append(outcome)  # the queue and the log keep the order
            if len(outcomes) == len(drafts):
                _keep(promise, outcomes)

        admitted_s = self._clock()
        for draft in drafts:
            self._queue.offer(_Waiting(draft, received_s, admitted_s, settle))
        self._start()
        return promise

    async def drain(self) -> None:
        while self._running is not None:
            await asyncio.wait([self._running])

    def _start(self) -> None:
        batch = self._queue.start()
        if batch:
            self._running = asyncio.get_running_loop().create_task(self._commit(batch))

    async def _commit(self, batch: list[_Waiting]) -> None:
        outcomes: list[Outcome] = []
        try:
            outcomes.extend(await self._log.append([waiting.draft for waiting in batch]))
        except Exception as error:
            outcomes.extend([error if isinstance(error, LogUnavailable) else LogUnavailable(repr(error))] * len(batch))
        self._publish(batch, outcomes, self._clock())
        for waiting, outcome in zip(batch, outcomes, strict=True):
            waiting.settle(outcome)
        self._queue.finish()
        self._running = None
        self._start()

    def _publish(self, batch: list[_Waiting], outcomes: list[Outcome], durable_s: float) -> None:
        for waiting, outcome in zip(batch, outcomes, strict=True):
            if isinstance(outcome, Appended) and not outcome.replayed:
                stamps = Stamps(waiting.received_s, waiting.admitted_s, durable_s)
                self._broker.publish(Published(outcome.event, stamps, outcome.announced))


def _keep(promise: "asyncio.Future[Any]", outcome: Any) -> None:
    if not promise.done():  # else the author went away
        promise.set_result(outcome)
