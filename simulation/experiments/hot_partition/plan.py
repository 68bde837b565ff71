"""What comes in a run of the hot partition experiment: a viral stream, and others whose shares fall off as Zipf has it.

Everything about a comment comes from the seed, its id and its time too, so that the real log and the model get the
same comments at the same moments, and every strategy decides the same about them in both.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import accumulate
from random import Random
from typing import Annotated, NamedTuple

import numpy as np

from reference_impl.policy.partitioning import (
    PARTITIONS_MAX,
    ByStreamAndTime,
    HotSplit,
    HotSplitConfig,
    Partitioning,
    Strategy,
    strategy,
)
from reference_impl.protocol.events import Draft, author_data, comment_data
from simulation.experiments.sizes import Within, enough
from simulation.trace import poisson

VIRAL = "viral"
EPOCH_MS = 1_767_225_600_000  # Unix time at which every schedule begins
BUCKETS = 4  # of by_time in what is measured, one more before
FIRST_BUCKET = 7  # from here the viral stream is at home for one bucket of four, as it is on average


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One run: comments come for ``warm_up_s`` and then ``seconds``; afterwards ``backlog`` of them come at once."""

    strategy: str
    seed: int
    partitions: Annotated[int, Within(1, PARTITIONS_MAX)] = 4
    streams: Annotated[int, Within(2, 10_000)] = 64
    users: Annotated[int, Within(1, 1_000_000)] = 2_000
    viral_share: float = 0.6
    zipf: Annotated[float, Within(0.01, 10)] = 1.1
    per_s: Annotated[float, Within(1, 20_000)] = 800.0
    seconds: Annotated[float, Within(0.1, 60)] = 4.8
    backlog: Annotated[int, Within(1, 100_000)] = 3_000
    row_us: Annotated[float, Within(0.001, 1e6)] = 1_000.0  # what each row costs its partition's writer
    split_share: float = 0.2  # of all comments, past which hot_split spreads a stream
    pages: Annotated[int, Within(1, 10_000)] = 200
    page_comments: Annotated[int, Within(1, 1_000)] = 50

    def __post_init__(self) -> None:
        for name in ("viral_share", "split_share"):
            if not 0 < getattr(self, name) < 1:
                raise ValueError(f"{name} must be above 0 and below 1, got {getattr(self, name):g}")

    def why_not(self) -> str:
        made = self.per_s * self.seconds * (1 - self.viral_share)
        return enough("comments of other streams", made, "per_s, seconds and what viral_share leaves")

    @property
    def bucket_s(self) -> float:
        return self.seconds / BUCKETS

    @property
    def warm_up_s(self) -> float:
        return self.bucket_s

    @property
    def end_s(self) -> float:
        return self.warm_up_s + self.seconds

    @property
    def names(self) -> list[str]:
        return [VIRAL, *(f"stream{number}" for number in range(1, self.streams))]


class Arrival(NamedTuple):
    due_s: float  # from the beginning of the schedule
    draft: Draft


class Scheduled:
    """A strategy that is told the schedule's time, ``at_s``, instead of the clock's."""

    def __init__(self, case: Case) -> None:
        self._strategy = _strategy(case)
        self._begins_s = FIRST_BUCKET * case.bucket_s
        self.at_s = 0.0

    @property
    def partitions(self) -> int:
        return self._strategy.partitions

    def place(self, stream: str, author: str, comment_id: str, at_s: float) -> int:
        return self._strategy.place(stream, author, comment_id, self._begins_s + self.at_s)


def schedule(case: Case) -> tuple[list[Arrival], list[Arrival]]:
    """A Poisson process of comments, and the backlog that comes at its end."""
    rng, shares = Random(case.seed), _shares(case)

    def arrival(due_s: float) -> Arrival:
        (stream,) = rng.choices(case.names, cum_weights=shares)
        return Arrival(due_s, draft(case, stream, due_s, rng))

    come = [arrival(due_s) for due_s in poisson(rng, case.per_s, case.end_s)]
    return come, [arrival(case.end_s) for _ in range(case.backlog)]


def pages(streams: Sequence[str], count: int, seed: int) -> list[tuple[str, float]]:
    """Streams in turn, and from where a page of each is read, as a share of what is there."""
    rng = Random(seed)
    return [(streams[number % len(streams)], rng.random()) for number in range(count if streams else 0)]


def page_end(share: float, head: int, page_comments: int) -> int:
    """The place of a page's newest comment."""
    lowest = min(page_comments, head)
    return lowest + int(share * (head - lowest + 1))


@dataclass(slots=True)
class Run:
    """What one run of either engine gave; waits are of what was due after the warm-up."""

    viral_s: list[float] = field(default_factory=list)
    cold_s: list[float] = field(default_factory=list)
    stored: list[int] = field(default_factory=list)  # of these comments in each partition
    refused: int = 0
    backlog_per_s: float = 0.0
    pages_s: list[float] = field(default_factory=list)  # of the viral stream
    viral_partitions: list[int] = field(default_factory=list)  # asked for each page
    cold_partitions: list[int] = field(default_factory=list)

    def values(self) -> dict[str, float]:
        """The measures by name."""
        p50_s, p99_s = np.percentile(self.viral_s + self.cold_s, [50, 99])
        found = {
            "append_p50_ms": p50_s * 1000,
            "append_p99_ms": p99_s * 1000,
            "cold_p99_ms": np.percentile(self.cold_s, 99) * 1000,
            "skew": max(self.stored) / np.mean(self.stored),
            "most_per_s": self.backlog_per_s,
            "viral_page_partitions": np.mean(self.viral_partitions),
            "cold_page_partitions": np.mean(self.cold_partitions),
            "page_p99_ms": np.percentile(self.pages_s, 99) * 1000,
        }
        return {name: round(float(value), 3) for name, value in found.items()}


def _shares(case: Case) -> list[float]:
    rest = [1 / rank**case.zipf for rank in range(1, case.streams)]
    scale = (1 - case.viral_share) / sum(rest)
    return list(accumulate([case.viral_share, *(each * scale for each in rest)]))


def draft(case: Case, stream: str, due_s: float, rng: Random) -> Draft:
    """A comment of anybody."""
    user, at_ms = f"user{rng.randrange(case.users)}", EPOCH_MS + int(due_s * 1000)
    return Draft(
        stream=stream, id=_uuid7(at_ms, rng), author=user, created_at_ms=at_ms,
        data=comment_data(author_data(user, user), f"What a goal! {rng.getrandbits(30)}", []),
        idempotency_key=_uuid7(at_ms, rng),
    )  # fmt: skip


def _uuid7(at_ms: int, rng: Random) -> str:
    """RFC 9562, section 5.7."""
    digits = f"{at_ms:012x}7{rng.getrandbits(12):03x}{0x8000 | rng.getrandbits(14):04x}{rng.getrandbits(48):012x}"
    return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))


def _strategy(case: Case) -> Strategy:
    chosen = Partitioning(case.strategy)
    if chosen is Partitioning.BY_TIME:
        return ByStreamAndTime(case.partitions, case.bucket_s)
    if chosen is Partitioning.HOT_SPLIT:
        split_per_s = case.per_s * case.split_share
        return HotSplit(case.partitions, HotSplitConfig(split_per_s=split_per_s, merge_per_s=split_per_s / 2))
    return strategy(chosen, case.partitions)
