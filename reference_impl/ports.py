"""The seams to the outside: what the shells need of a log, a broker, a viewer and a clock."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from reference_impl.protocol.events import Comment, Draft
from reference_impl.protocol.sse import chunk

Clock = Callable[[], float]
"""Monotonic seconds, one clock for all processes of a machine."""


@dataclass(frozen=True, slots=True)
class Appended:
    """A draft's place in the log; ``replayed`` when an earlier request with the same key had put it there."""

    comment: Comment
    replayed: bool = False


class KeyReused(Exception):  # noqa: N818 - an answer per draft, not an error of the log
    """The idempotency key belongs to another comment; nothing was stored."""


class LogUnavailable(Exception):  # noqa: N818 - named for what the caller meets
    """The engine did not answer: disk full, locked, gone."""


class CommentLog(Protocol):
    """The truth: an append-only log per stream, contiguous ``seq`` within an ``epoch``."""

    @property
    def epoch(self) -> int: ...

    async def append(self, drafts: Sequence[Draft]) -> list[Appended | KeyReused]:
        """Make the drafts durable, all in one commit; LogUnavailable means that they may not be."""
        ...

    async def read(self, stream: str, *, first: int, last: int) -> list[Comment]:
        """Answer the comments with first <= seq <= last, in order."""
        ...

    async def heads(self, streams: Sequence[str]) -> dict[str, int]:
        """Answer the highest ``seq`` of each stream, 0 for an empty one."""
        ...

    async def close(self) -> None: ...


@dataclass(frozen=True, slots=True)
class Stamps:
    """When a comment passed each stage (monotonic seconds)."""

    received_s: float
    admitted_s: float
    durable_s: float


@dataclass(frozen=True, slots=True)
class Published:
    """A comment on its way to the edges; ``stamps`` is None where it comes from the log instead."""

    comment: Comment
    stamps: Stamps | None


class Broker(Protocol):
    """A hint: carries events to the edges fast, and may lose or reorder them."""

    def publish(self, event: Published) -> None: ...

    def subscribe(self, receive: Callable[[Published], None]) -> None: ...


@dataclass(frozen=True, slots=True)
class Batch:
    """Consecutive events ``first..last`` of one stream, encoded once for all viewers."""

    comments: Sequence[Comment]
    text: str  # SSE
    payload: bytes  # the same as one HTTP chunk

    @property
    def first(self) -> int:
        return self.comments[0].seq

    @property
    def last(self) -> int:
        return self.comments[-1].seq

    @classmethod
    def of(cls, comments: Sequence[Comment], texts: Sequence[str]) -> "Batch":
        text = "".join(texts)
        return cls(comments, text, chunk(text))


class Viewer(Protocol):
    """One connection that follows a stream. Its methods never block and never raise."""

    def deliver(self, batch: Batch) -> None: ...

    def announce(self, text: str) -> None:
        """Send something that is no log event: a gap before joining, a heartbeat."""
        ...

    def close(self) -> None: ...


class Recorder(Protocol):
    """Takes the stage times of each comment and of each fan-out (``serve --measure``)."""

    def comment(self, seq: int, stamps: Stamps, hub_s: float, flushed_s: float) -> None: ...

    def fan_out(self, first: int, last: int, viewers: int, size_bytes: int, start_s: float, end_s: float) -> None: ...

    def flush(self) -> None:
        """Let readers of the file see what has been recorded; called about once a second."""
        ...
