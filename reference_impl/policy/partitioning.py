"""Where a new comment of a split log lives.

A partition is a unit of writing: events of one partition are committed one batch after the other. Nothing is found
again by these rules: the log writes down where it has put what, so a strategy may change from one comment to the next.
Only `home` must never change. All hashes are BLAKE2b, the same in every process, unlike Python's salted one. Source of
the ring: Karger et al., "Consistent Hashing and Random Trees", 1997.
"""

from bisect import bisect
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from hashlib import blake2b
from math import exp, log
from typing import Protocol

PARTITIONS_MAX = 64
BUCKET_S = 60.0
VIRTUAL_NODES = 128  # of each partition on the ring; shares then differ by about 1 / sqrt(128)


class Partitioning(StrEnum):
    BY_STREAM = "by_stream"
    BY_TIME = "by_time"
    BY_USER = "by_user"
    BY_COMMENT = "by_comment"
    HOT_SPLIT = "hot_split"


class Strategy(Protocol):
    @property
    def partitions(self) -> int: ...

    def place(self, stream: str, author: str, comment_id: str, at_s: float) -> int:
        """Answer the number of the partition that takes this comment."""
        ...


def home(stream: str, partitions: int) -> int:
    """The partition of the stream's own row, for as long as the log exists."""
    return 0 if partitions == 1 else hashed(stream) % partitions


def hashed(value: str) -> int:
    return int.from_bytes(blake2b(value.encode(), digest_size=8).digest())


@dataclass(frozen=True, slots=True)
class ByStream:
    """All comments of a stream at its home."""

    partitions: int = 1

    def __post_init__(self) -> None:
        require_partitions(self.partitions)

    def place(self, stream: str, author: str, comment_id: str, at_s: float) -> int:
        return home(stream, self.partitions)


@dataclass(frozen=True, slots=True)
class ByStreamAndTime:
    """A stream moves on to another partition every ``bucket_s``."""

    partitions: int = 1
    bucket_s: float = BUCKET_S

    def __post_init__(self) -> None:
        require_partitions(self.partitions)
        if self.bucket_s <= 0:
            raise ValueError(f"bucket_s must be > 0, got {self.bucket_s}")

    def place(self, stream: str, author: str, comment_id: str, at_s: float) -> int:
        return hashed(f"{stream}\0{int(at_s // self.bucket_s)}") % self.partitions


@dataclass(frozen=True, slots=True)
class ByUser:
    """All comments of a user together."""

    partitions: int = 1

    def __post_init__(self) -> None:
        require_partitions(self.partitions)

    def place(self, stream: str, author: str, comment_id: str, at_s: float) -> int:
        return hashed(author) % self.partitions


@dataclass(frozen=True)
class ByComment:
    """A consistent hash of the comment's id: one more partition takes its share and moves nothing else."""

    partitions: int = 1

    def __post_init__(self) -> None:
        require_partitions(self.partitions)

    def place(self, stream: str, author: str, comment_id: str, at_s: float) -> int:
        points, owners = self._ring
        return owners[bisect(points, hashed(comment_id)) % len(points)]

    @cached_property
    def _ring(self) -> tuple[list[int], list[int]]:
        nodes = ((each, number) for each in range(self.partitions) for number in range(VIRTUAL_NODES))
        ring = sorted((hashed(f"{each}:{number}"), each) for each, number in nodes)
        return [point for point, _ in ring], [owner for _, owner in ring]


@dataclass(frozen=True, slots=True, kw_only=True)
class HotSplitConfig:
    split_per_s: float = 500.0  # comments of one stream
    merge_per_s: float = 250.0
    calm_s: float = 30.0  # so long below ``merge_per_s`` before a stream is together again
    memory_s: float = 2.0  # of the decaying rate
    streams_max: int = 10_000  # measured at a time; past it the one that was quiet longest is forgotten

    def __post_init__(self) -> None:
        if not 0 < self.merge_per_s < self.split_per_s:
            raise ValueError(
                f"0 < merge_per_s < split_per_s is needed, got merge_per_s={self.merge_per_s} and "
                f"split_per_s={self.split_per_s}"
            )
        if self.calm_s < 0 or self.memory_s <= 0 or self.streams_max < 1:
            raise ValueError(
                f"calm_s >= 0, memory_s > 0 and streams_max >= 1 are needed, got {self.calm_s}, {self.memory_s} and "
                f"{self.streams_max}"
            )


@dataclass(slots=True)
class _Load:
    at_s: float
    per_s: float = 0.0
    split: bool = False
    calm_since_s: float | None = None


@dataclass
class HotSplit:
    """At home until the stream is hot, then spread over all partitions by the comment's id, until it has been calm."""

    partitions: int = 1
    config: HotSplitConfig = field(default_factory=HotSplitConfig)

    def __post_init__(self) -> None:
        self._spread = ByComment(self.partitions)
        self._loads: dict[str, _Load] = {}

    def place(self, stream: str, author: str, comment_id: str, at_s: float) -> int:
        load = self._loads.pop(stream, None) or _Load(at_s)
        self._loads[stream] = load  # the newest is last
        if len(self._loads) > self.config.streams_max:
            del self._loads[next(iter(self._loads))]
        self._measure(load, at_s)
        return self._spread.place(stream, author, comment_id, at_s) if load.split else home(stream, self.partitions)

    def is_split(self, stream: str) -> bool:
        return stream in self._loads and self._loads[stream].split

    def _measure(self, load: _Load, at_s: float) -> None:
        config = self.config
        at_s = max(at_s, load.at_s)
        decayed = load.per_s * exp((load.at_s - at_s) / config.memory_s)
        if decayed >= config.merge_per_s:
            load.calm_since_s = None
        elif load.calm_since_s is None:  # it fell below at some moment of the silence that ends now
            load.calm_since_s = load.at_s + config.memory_s * max(0.0, log(max(load.per_s, 1e-9) / config.merge_per_s))
        if load.split and load.calm_since_s is not None and at_s - load.calm_since_s >= config.calm_s:
            load.split = False
        load.at_s, load.per_s = at_s, decayed + 1 / config.memory_s
        if load.per_s > config.split_per_s:
            load.split, load.calm_since_s = True, None


def strategy(kind: Partitioning, partitions: int) -> Strategy:
    """The strategy of that name with its defaults."""
    strategies: dict[Partitioning, type[ByStream | ByStreamAndTime | ByUser | ByComment | HotSplit]] = {
        Partitioning.BY_STREAM: ByStream,
        Partitioning.BY_TIME: ByStreamAndTime,
        Partitioning.BY_USER: ByUser,
        Partitioning.BY_COMMENT: ByComment,
        Partitioning.HOT_SPLIT: HotSplit,
    }
    return strategies[kind](partitions)


def require_partitions(partitions: int) -> None:
    if not 1 <= partitions <= PARTITIONS_MAX:
        raise ValueError(f"partitions must be from 1 to {PARTITIONS_MAX}, got {partitions}")
