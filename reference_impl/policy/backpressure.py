"""Backpressure: the bounded queue of a viewer whose socket is full, and what happens when it overflows.

    ending       | on overflow                                              | what the viewer sees
    -------------|----------------------------------------------------------|------------------------------------
    DROP_OLDEST  | the oldest batches go, until the new one fits            | `gap {from, to}` before the rest
    SKIP_TO_HEAD | all that waits goes, the new one stays                   | `gap {from, to}`, then the present
    DISCONNECT   | everything goes, the connection is closed                | reconnects, resumes by its cursor

A viewer whose socket takes bytes has an empty queue and never meets this policy. All queues of an edge together have a
bound too; past it the longest queue is dealt with first.
"""

from collections import deque
from collections.abc import Hashable
from dataclasses import dataclass
from enum import Enum
from typing import Generic, TypeVar

T = TypeVar("T")
V = TypeVar("V", bound=Hashable)


class Ending(Enum):
    """What a full queue does."""

    DROP_OLDEST = "drop_oldest"
    SKIP_TO_HEAD = "skip_to_head"
    DISCONNECT = "disconnect"


@dataclass(frozen=True, slots=True, kw_only=True)
class BackpressureConfig:
    queue_bytes: int = 256 * 1024
    ending: Ending = Ending.DISCONNECT

    def __post_init__(self) -> None:
        if self.queue_bytes < 1:
            raise ValueError(f"queue_bytes must be >= 1, got {self.queue_bytes}")


@dataclass(frozen=True, slots=True)
class Gap:
    """Sequence numbers ``first..last`` (both included) that this viewer will not get from this queue."""

    first: int
    last: int


@dataclass(frozen=True, slots=True)
class _Entry(Generic[T]):
    item: T
    first: int
    last: int
    size_bytes: int


class SocketQueue(Generic[T]):
    """Holds batches, each covering sequence numbers ``first..last``, for one viewer.

    ``leaving_bytes`` is what was given to the socket and has not left yet: it counts, and cannot be dropped.
    """

    __slots__ = ("_config", "_entries", "_gap", "_leaving_bytes", "queued_bytes")

    def __init__(self, config: BackpressureConfig, leaving_bytes: int = 0) -> None:
        self._config = config
        self._entries: deque[_Entry[T]] = deque()
        self._gap: Gap | None = None
        self._leaving_bytes = leaving_bytes
        self.queued_bytes = leaving_bytes

    def __len__(self) -> int:
        return len(self._entries)

    def offer(self, item: T, *, first: int, last: int, size_bytes: int) -> bool:
        """Queue a batch; False means the ending is DISCONNECT and the bound is passed: close the connection.

        Otherwise a batch that does not even fit alone is dropped itself, and joins the gap.
        """
        self._entries.append(_Entry(item, first, last, size_bytes))
        self.queued_bytes += size_bytes
        if self.queued_bytes <= self._config.queue_bytes:
            return True
        kept = 1 if self._config.ending is Ending.SKIP_TO_HEAD else len(self._entries)
        return self._shrink(self._config.queue_bytes, kept)

    def shed(self) -> bool:
        """Make room for others: half of it goes with DROP_OLDEST, all of it otherwise; False as with `offer`."""
        halved = self._config.ending is Ending.DROP_OLDEST
        return self._shrink(self.queued_bytes // 2 if halved else 0, len(self._entries) if halved else 0)

    def take(self) -> tuple[Gap | None, T | None]:
        """What was taken before has left; answer what to write next: the gap to announce, and the oldest batch."""
        gap, self._gap = self._gap, None
        self.queued_bytes -= self._leaving_bytes
        self._leaving_bytes = 0
        if not self._entries:
            return gap, None
        entry = self._entries.popleft()
        self._leaving_bytes = entry.size_bytes
        return gap, entry.item

    def _shrink(self, most_bytes: int, most_entries: int) -> bool:
        if self._config.ending is Ending.DISCONNECT:
            self._entries.clear()
            self.queued_bytes = self._leaving_bytes
            return False
        while self._entries and (self.queued_bytes > most_bytes or len(self._entries) > most_entries):
            self._drop_oldest()
        return True

    def _drop_oldest(self) -> None:
        entry = self._entries.popleft()
        self.queued_bytes -= entry.size_bytes
        first = self._gap.first if self._gap else entry.first
        self._gap = Gap(first, entry.last)


class EdgeQueues(Generic[V]):
    """What all slow viewers of an edge have queued together, and who is the worst of them."""

    def __init__(self, edge_bytes: int) -> None:
        if edge_bytes < 1:
            raise ValueError(f"edge_bytes must be >= 1, got {edge_bytes}")
        self._edge_bytes = edge_bytes
        self._queued_bytes: dict[V, int] = {}
        self.total_bytes = 0

    def set(self, viewer: V, queued_bytes: int) -> V | None:
        """Note how much a viewer has queued; the answer is who must shed now, None while all fits."""
        self.total_bytes += queued_bytes - self._queued_bytes.pop(viewer, 0)
        if queued_bytes:
            self._queued_bytes[viewer] = queued_bytes
        if self.total_bytes <= self._edge_bytes:
            return None
        return max(self._queued_bytes, key=self._queued_bytes.__getitem__)
