"""What a run is: a recorded chat in quick motion, a scorer of a given latency, and what comments do until it answers.

The scorer is simulated: nobody's latency is claimed. Its answers take a median time and have a heavy tail; it answers
so many at once, which bounds what it can do in a second. Scores are right most of the time, as those of real ones are.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Annotated

import numpy as np
from numpy.typing import NDArray

from reference_impl.moderation.scoring import ScoringConfig
from reference_impl.policy.bulkhead import BulkheadConfig
from reference_impl.protocol.streams import Action
from simulation.experiments.sizes import Within, enough
from simulation.replications import Streams
from simulation.trace import PAUSE_MS, Post, load_trace

LATENCIES_MS = (5, 20, 50, 100, 200)
OUTAGE_AT_MS = 50  # the latency of the scorer that stands still for a while
BUDGET_MS, IDEAL_MS = 1_000.0, 500.0  # p99 from the post to the screen
PLACES = BulkheadConfig(in_flight_max=16, waiting_max=1_000)  # as the server has before its log

WAYS: Mapping[str, ScoringConfig] = {
    "patient": ScoringConfig(timeout_s=2.0),
    "show": ScoringConfig(timeout_s=0.1),
    "hold": ScoringConfig(timeout_s=0.1, fallback=Action.HOLD),
    "behind": ScoringConfig(waits=False, timeout_s=2.0),
}


@dataclass(frozen=True, slots=True)
class Variant:
    way: str
    latency_ms: float  # the scorer's median
    outage: bool = False

    @property
    def scoring(self) -> ScoringConfig:
        return WAYS[self.way]


VARIANTS: dict[str, Variant] = {
    **{f"{way}-{ms}ms": Variant(way, ms) for way in WAYS for ms in LATENCIES_MS},
    **{f"{way}-outage": Variant(way, OUTAGE_AT_MS, outage=True) for way in WAYS},
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """A comment is taken to be on screens for ``screen_s``, unless it is taken back."""

    trace: str = "twitch-a.jsonl"
    speed: Annotated[float, Within(0.01, 100)] = 12.0
    seconds: Annotated[float, Within(0.1, 600)] = 40.0
    viewers: Annotated[int, Within(1, 100_000)] = 1_000
    screen_s: Annotated[float, Within(0.1, 600)] = 10.0
    outage_s: tuple[float, float] = (12.0, 20.0)
    tail: Annotated[float, Within(0.01, 3)] = 0.8  # sigma of the lognormal answer time: its p99 is 6.4 times its median
    places: BulkheadConfig = PLACES
    harmful_share: Annotated[float, Within(0.0, 1)] = 0.03
    harmful_beta: tuple[float, float] = (8.0, 2.0)  # scores of harmful comments, of which 20 % are below 0.7
    harmless_beta: tuple[float, float] = (1.0, 5.0)  # of the others, of which 0.2 % are above

    def why_not(self) -> str:
        if self.seconds < self.outage_s[1]:
            return (
                f"seconds must be at least until the scorer's outage ends, {self.outage_s[1]:g}, got {self.seconds:g}"
            )
        return enough("comments", self.per_s * self.seconds, "speed and seconds")

    @property
    def per_s(self) -> float:
        """The trace's comments a second, on average."""
        rows = load_trace(self.trace)
        return len(rows) / (rows[-1][0] + PAUSE_MS) * 1000 * self.speed


@dataclass(frozen=True, slots=True)
class Crowd:
    """What is posted, and what a scorer would say of it; arrays have shape (posts,)."""

    posts: list[Post]
    harmful: NDArray[np.bool_]
    scores: NDArray[np.float64]
    paces: NDArray[np.float64]  # how long an answer takes, as a multiple of the scorer's median


def crowd(size: Size, streams: Streams) -> Crowd:
    """The trace from a random place on, round and round; every variant of a repeat has the same."""
    posts = _posts(size, streams)
    rng = streams.numbers("scores")
    harmful = rng.random(len(posts)) < size.harmful_share
    scores = np.where(harmful, rng.beta(*size.harmful_beta, len(posts)), rng.beta(*size.harmless_beta, len(posts)))
    return Crowd(posts, harmful, scores, streams.numbers("scorer").lognormal(0.0, size.tail, len(posts)))


def _posts(size: Size, streams: Streams) -> list[Post]:
    rows = load_trace(size.trace)
    whole_ms, first = rows[-1][0] + PAUSE_MS, streams.random("arrivals").randrange(len(rows))
    posts: list[Post] = []
    for at in range(first, first + len(rows) * (1 + int(size.seconds * 1000 * size.speed / whole_ms))):
        rounds, number = divmod(at, len(rows))
        offset_ms, user, text = rows[number]
        at_s = (rounds * whole_ms + offset_ms - rows[first][0]) / 1000 / size.speed
        posts.append(Post(at_s, user, text))
    return list(islice((post for post in posts if post.at_s < size.seconds), len(posts)))
