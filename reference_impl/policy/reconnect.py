"""Reconnect slots: when each viewer of an edge that goes away shall come back.

Left to themselves they would all come at once, and clients forget their backoff after a clean close; so the server
assigns the slots, at a rate that the rest of the fleet takes in its stride.
"""

import math
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class DrainConfig:
    per_s: float = 500.0  # viewers sent away in a second
    drain_max_s: float = 30.0  # an edge with more viewers sends them away faster
    slice_s: float = 0.1

    def __post_init__(self) -> None:
        if self.per_s <= 0 or self.drain_max_s <= 0 or self.slice_s <= 0:
            raise ValueError(f"rates and times must be positive, got {self}")


@dataclass(frozen=True, slots=True)
class Slice:
    """The viewers with ranks ``first`` to ``stop`` - 1 leave after ``after_s``."""

    first: int
    stop: int
    after_s: float


def slices(config: DrainConfig, viewers: int) -> list[Slice]:
    """Spread the viewers evenly; the first slice leaves at once."""
    per_s = max(config.per_s, viewers / config.drain_max_s)
    size = max(1, math.ceil(per_s * config.slice_s))
    starts = range(0, viewers, size)
    return [Slice(start, min(start + size, viewers), start / per_s) for start in starts]
