"""Where an event lives: the seam for splitting a stream over partitions.

A partition is a unit of writing: events of one partition are committed one batch after the other. Here a stream lives
in one partition, which every process finds by the same stated hash of its name (BLAKE2b, so not Python's salted one).
"""

from dataclasses import dataclass
from hashlib import blake2b
from typing import Protocol


class Partitioner(Protocol):
    def place(self, stream: str, event_id: str) -> int:
        """Answer the number of the partition that takes this event."""
        ...


@dataclass(frozen=True, slots=True)
class ByStream:
    """All events of a stream in one partition."""

    partitions: int = 1

    def __post_init__(self) -> None:
        if self.partitions < 1:
            raise ValueError(f"partitions must be >= 1, got {self.partitions}")

    def place(self, stream: str, event_id: str) -> int:
        if self.partitions == 1:
            return 0
        return int.from_bytes(blake2b(stream.encode(), digest_size=8).digest()) % self.partitions
