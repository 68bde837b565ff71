"""Backpressure: the bounded queue of a viewer whose socket is full, and what happens when it overflows.

    ending       | on overflow                                              | what the viewer sees
    -------------|----------------------------------------------------------|----------------------------------
    DROP_OLDEST  | the oldest batches go, until the new one fits            | `gap {from, to}` before the rest
    DISCONNECT   | everything goes, the connection is closed                | reconnects, resumes by its cursor

A viewer whose socket takes bytes has an empty queue and never meets this policy.
"""

from collections import deque
from dataclasses import dataclass
from enum import Enum
from typing import Generic, TypeVar

T = TypeVar("T")


class Ending(Enum):
    """What a full queue does."""

    DROP_OLDEST = "drop_oldest"
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
    """Holds batches, each covering sequence numbers ``first..last``, for one viewer."""

    __slots__ = ("_config", "_entries", "_gap", "queued_bytes")

    def __init__(self, config: BackpressureConfig) -> None:
        self._config = config
        self._entries: deque[_Entry[T]] = deque()
        self._gap: Gap | None = None
        self.queued_bytes = 0

    def __len__(self) -> int:
        return len(self._entries)

    def offer(self, item: T, *, first: int, last: int, size_bytes: int) -> bool:
        """Queue a batch; False means the ending is DISCONNECT and the bound is passed: close the connection.

        With DROP_OLDEST a batch larger than the whole queue is dropped itself, and joins the gap.
        """
        self._entries.append(_Entry(item, first, last, size_bytes))
        self.queued_bytes += size_bytes
        if self.queued_bytes <= self._config.queue_bytes:
            return True
        if self._config.ending is Ending.DISCONNECT:
            self._entries.clear()
            self.queued_bytes = 0
            return False
        while self.queued_bytes > self._config.queue_bytes:
            self._drop_oldest()
        return True

    def take(self) -> tuple[Gap | None, T | None]:
        """Answer what to write next: the gap to announce first, if any, and the oldest batch, if any."""
        gap, self._gap = self._gap, None
        if not self._entries:
            return gap, None
        entry = self._entries.popleft()
        self.queued_bytes -= entry.size_bytes
        return gap, entry.item

    def _drop_oldest(self) -> None:
        entry = self._entries.popleft()
        self.queued_bytes -= entry.size_bytes
        first = self._gap.first if self._gap else entry.first
        self._gap = Gap(first, entry.last)
