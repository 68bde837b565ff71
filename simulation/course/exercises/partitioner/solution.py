"""Homes by rendezvous hashing; a hot stream's comments by the same, over their ids."""

from dataclasses import dataclass
from hashlib import blake2b
from math import exp

MEMORY_S = 1.0  # of the decaying rate


@dataclass
class Load:
    at_s: float
    per_s: float = 0.0
    split: bool = False
    calm_since_s: float | None = None


class Partitioner:
    def __init__(self, partitions: int, split_per_s: float, merge_per_s: float, calm_s: float) -> None:
        self.partitions = partitions
        self.split_per_s, self.merge_per_s, self.calm_s = split_per_s, merge_per_s, calm_s
        self.loads: dict[str, Load] = {}

    def place(self, stream: str, comment: str, now: float) -> int:
        load = self.loads.setdefault(stream, Load(now))
        self._measure(load, now)
        return self._highest(f"{stream} {comment}" if load.split else stream)

    def _measure(self, load: Load, now: float) -> None:
        decayed = load.per_s * exp((load.at_s - now) / MEMORY_S)
        if decayed >= self.merge_per_s:
            load.calm_since_s = None
        elif load.calm_since_s is None:
            load.calm_since_s = now
        elif now >= load.calm_since_s + self.calm_s:
            load.split = False
        load.at_s, load.per_s = now, decayed + 1 / MEMORY_S
        if load.per_s > self.split_per_s:
            load.split, load.calm_since_s = True, None

    def _highest(self, name: str) -> int:
        """Each partition bids a hash of its own; one more partition wins its share, and the others keep theirs."""
        return max(range(self.partitions), key=lambda each: blake2b(f"{each} {name}".encode(), digest_size=8).digest())
