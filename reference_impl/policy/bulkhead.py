"""Bulkhead: so many calls of one dependency at once, so many waiting, and no more.

A slow dependency otherwise collects callers until memory, threads or connections are gone, which the other dependencies
need too. Endings: a call starts, waits for a place (first come, first served), or is refused. Source: Nygard,
"Release It!", 2007.
"""

from dataclasses import dataclass
from enum import Enum
from typing import Generic, TypeVar

T = TypeVar("T")


class Entry(Enum):
    """What becomes of a call that asks for a place."""

    STARTS = "starts"
    WAITS = "waits"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True, kw_only=True)
class BulkheadConfig:
    in_flight_max: int
    waiting_max: int

    def __post_init__(self) -> None:
        if self.in_flight_max < 1 or self.waiting_max < 0:
            seen = f"{self.in_flight_max} and {self.waiting_max}"
            raise ValueError(f"in_flight_max must be >= 1 and waiting_max >= 0, got {seen}")


class Bulkhead(Generic[T]):
    """Places are counted; who waits is known by what the shell gave (hashable, one for each call)."""

    __slots__ = ("_config", "_waiting", "in_flight", "refused")

    def __init__(self, config: BulkheadConfig) -> None:
        self._config = config
        self._waiting: dict[T, None] = {}  # in order of arrival
        self.in_flight = 0
        self.refused = 0

    @property
    def waiting(self) -> int:
        return len(self._waiting)

    def enter(self, call: T) -> Entry:
        if self.in_flight < self._config.in_flight_max:
            self.in_flight += 1
            return Entry.STARTS
        if len(self._waiting) < self._config.waiting_max:
            self._waiting[call] = None
            return Entry.WAITS
        self.refused += 1
        return Entry.REFUSED

    def leave(self) -> T | None:
        """A call has ended; the answer is the one that starts in its place."""
        if self.in_flight < 1:
            raise ValueError("a call leaves that has not started")
        if not self._waiting:
            self.in_flight -= 1
            return None
        first = next(iter(self._waiting))
        del self._waiting[first]
        return first

    def give_up(self, call: T) -> bool:
        """A waiting call goes away; False when it does not wait (any more)."""
        if call not in self._waiting:
            return False
        del self._waiting[call]
        return True
