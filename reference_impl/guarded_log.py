"""A log and its engine behind guards: a stalled one is refused fast, and asked again when it may be back.

Reads and writes have a guard each, for a full disk takes no comments and can still be read. Only reads are retried: a
draft without a key, appended again, would be a second comment.
"""

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from reference_impl.guard import Guard
from reference_impl.ports import Answer, Appended, Broker, CommentLog, Published
from reference_impl.protocol.events import Draft, Event

R = TypeVar("R")


class GuardedLog:
    """A `CommentLog` behind two guards; what is stored after its caller has been sent away is published from here."""

    def __init__(self, inner: CommentLog, reads: Guard, writes: Guard, broker: Broker) -> None:
        self._inner = inner
        self._broker = broker
        self._reads = reads
        self._writes = writes

    @property
    def epoch(self) -> int:
        return self._inner.epoch

    async def append(self, drafts: Sequence[Draft]) -> list[Answer]:
        return await self._writes.once(lambda: self._inner.append(drafts), self._publish)

    async def read(self, stream: str, *, first: int, last: int) -> list[Event]:
        return await self._reads.retried(lambda: self._inner.read(stream, first=first, last=last))

    async def replay(self, draft: Draft) -> Answer | None:
        return await self._reads.retried(lambda: self._inner.replay(draft))

    async def heads(self, streams: Sequence[str]) -> dict[str, int]:
        return await self._reads.retried(lambda: self._inner.heads(streams))

    async def close(self) -> None:
        await self._inner.close()

    def _publish(self, answers: list[Answer]) -> None:
        """Viewers would find it in the log anyway; caches that must forget a deleted comment hear of it only so."""
        for answer in answers:
            if isinstance(answer, Appended) and not answer.replayed:
                self._broker.publish(Published(answer.event, None))


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
