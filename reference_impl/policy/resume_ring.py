"""Resume ring: the last seconds of a stream, from which a returning viewer catches up without touching the log.

Bounded by age and by bytes. A viewer whose position has left the ring is served from the log.
"""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Generic, TypeVar

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class ResumeRingConfig:
    age_s: float = 30.0
    ring_bytes: int = 4 * 1024 * 1024

    def __post_init__(self) -> None:
        if self.age_s <= 0 or self.ring_bytes < 1:
            raise ValueError(f"age_s and ring_bytes must be positive, got {self.age_s} and {self.ring_bytes}")


class ResumeRing(Generic[T]):
    """Holds contiguous events; ``position`` is the last sequence number appended."""

    __slots__ = ("_config", "_entries", "_held_bytes", "position")

    def __init__(self, config: ResumeRingConfig, position: int) -> None:
        self._config = config
        self._entries: deque[tuple[float, int, T]] = deque()  # (expires at, size in bytes, item)
        self._held_bytes = 0
        self.position = position

    def __len__(self) -> int:
        return len(self._entries)

    def __iter__(self) -> Iterator[T]:
        return (entry[2] for entry in self._entries)

    def append(self, item: T, size_bytes: int, now: float) -> None:
        """Add the event with sequence number ``position + 1``."""
        self._entries.append((now + self._config.age_s, size_bytes, item))
        self._held_bytes += size_bytes
        self.position += 1
        while self._held_bytes > self._config.ring_bytes:
            self._drop()
        self.expire(now)

    def expire(self, now: float) -> None:
        """Forget what is past its age."""
        while self._entries and now >= self._entries[0][0]:
            self._drop()

    def since(self, seq: int, most: int | None = None) -> list[T] | None:
        """Answer the first ``most`` events after ``seq`` (None: all), or None when some of them have left the ring."""
        wanted = self.position - seq
        if wanted > len(self._entries):
            return None
        start = len(self._entries) - max(wanted, 0)
        return [entry[2] for entry in islice(self._entries, start, None if most is None else start + most)]

    def _drop(self) -> None:
        self._held_bytes -= self._entries.popleft()[1]
