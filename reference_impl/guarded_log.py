"""A log and its engine behind guards: a stalled one is refused fast, and asked again when it may be back.

Reads and writes have a guard each, for a full disk takes no comments and can still be read; of a split log each
partition has one for its writes, so that one which stalls does not keep the others from taking comments. Only reads
are retried: a draft without a key, appended again, would be a second comment.
"""

from collections.abc import Callable, Sequence
from random import Random
from typing import Any, TypeVar

from reference_impl.group_commit import Appender
from reference_impl.guard import Guard, GuardConfig
from reference_impl.ports import Answer, Appended, Broker, Clock, CommentLog, Published
from reference_impl.protocol.events import Draft, Event

R = TypeVar("R")


class GuardedAppender:
    """Appends behind a guard; what is stored after its caller has been sent away is published from here."""

    def __init__(self, inner: Appender, writes: Guard, broker: Broker) -> None:
        self._inner = inner
        self._broker = broker
        self._writes = writes

    async def append(self, drafts: Sequence[Draft]) -> list[Answer]:
        return await self._writes.once(lambda: self._inner.append(drafts), self._publish)

    def _publish(self, answers: list[Answer]) -> None:
        """Viewers would find it in the log anyway; caches that must forget a deleted comment hear of it only so."""
        for answer in answers:
            if isinstance(answer, Appended) and not answer.replayed:
                self._broker.publish(Published(answer.event, None, answer.announced))


class GuardedLog:
    """A `CommentLog` behind two guards."""

    def __init__(self, inner: CommentLog, reads: Guard, writes: Guard, broker: Broker) -> None:
        self._inner = inner
        self._appender = GuardedAppender(inner, writes, broker)
        self._reads = reads

    @property
    def epoch(self) -> int:
        return self._inner.epoch

    async def append(self, drafts: Sequence[Draft]) -> list[Answer]:
        return await self._appender.append(drafts)

    async def read(self, stream: str, *, first: int, last: int) -> list[Event]:
        return await self._reads.retried(lambda: self._inner.read(stream, first=first, last=last))

    async def replay(self, draft: Draft) -> Answer | None:
        return await self._reads.retried(lambda: self._inner.replay(draft))

    async def heads(self, streams: Sequence[str]) -> dict[str, int]:
        return await self._reads.retried(lambda: self._inner.heads(streams))

    async def close(self) -> None:
        await self._inner.close()


class GuardedEngine:
    """The engine behind the log's other tables, behind the same two guards; ``inner`` runs transactions."""

    def __init__(self, inner: Any, reads: Guard, writes: Guard) -> None:
        self._inner = inner
        self._reads = reads
        self._writes = writes

    async def write(self, work: Callable[[Any], R]) -> R:
        return await self._writes.once(lambda: self._inner.write(work))

    async def read(self, work: Callable[[Any], R]) -> R:
        return await self._reads.retried(lambda: self._inner.read(work))

    async def close(self) -> None:
        await self._inner.close()


class Guards:
    """Those of one process: one for reads, one for the writes of each partition."""

    def __init__(self, clock: Clock, rng: Random, config: GuardConfig) -> None:
        self._clock = clock
        self._rng = rng
        self._config = config
        self.reads = self._guard("log_reads")
        self._writes: list[Guard] = []

    @property
    def all(self) -> tuple[Guard, ...]:
        return (self.reads, *self._writes)

    def writes(self, partition: int = 0) -> Guard:
        """The guard of a partition's writes, made with those before it when it is first asked for."""
        for number in range(len(self._writes), partition + 1):
            self._writes.append(self._guard(f"log_writes_{number}" if number else "log_writes"))
        return self._writes[partition]

    def engine(self, inner: Any, partition: int = 0) -> GuardedEngine:
        return GuardedEngine(inner, self.reads, self.writes(partition))

    def log(self, inner: CommentLog, broker: Broker) -> GuardedLog:
        return GuardedLog(inner, self.reads, self.writes(), broker)

    def appender(self, broker: Broker) -> Callable[[Appender, int], Appender]:
        """Puts the queue of a partition behind its guard."""
        return lambda inner, partition: GuardedAppender(inner, self.writes(partition), broker)

    def _guard(self, name: str) -> Guard:
        return Guard(name, self._config, self._clock, self._rng)
