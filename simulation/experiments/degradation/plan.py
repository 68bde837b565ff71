"""What a run is, in either engine: who asks for what when, as multiples of what the server was found to hold.

Posts, reactions and pages of history rise together, as they do when a match gets exciting. Moderators are as few as
before, and what they do is what must not suffer.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from itertools import accumulate
from random import Random
from typing import Annotated

from reference_impl.policy.degradation import STAYS_FULL, DegradationConfig, LadderConfig
from simulation.experiments.sizes import Within
from simulation.trace import poisson

AUTHORS = 400
FANS = 100  # who react, and take it back, by turns
MODERATORS_PER_S = 5.0
PAGE = 50  # comments
PATIENCE_S = 2.0  # for which a request waits for a free connection before whoever made it has gone away
HELD_S = 0.75  # there are as many connections for posts as the server answers posts in that time
FEW = 12  # of these there is one for each page and reaction
MODERATORS = 60  # each with a connection: none waits for another's
ALLOWED = 0.8  # of the capacity, to all authors together, where each has a limit
BURST = 5  # comments that an author may post at once there
LAG_MAX_MS = 20.0  # of the event loop, on average: an overloaded one here is later than that, a calm one is not


class Kind(IntEnum):
    POST = 0
    PAGE = 1
    REACTION = 2
    MODERATION = 3


SHARES = {Kind.POST: 0.92, Kind.PAGE: 0.03, Kind.REACTION: 0.05}  # of all requests


@dataclass(frozen=True, slots=True)
class Step:
    """So many times the capacity, for so long."""

    multiple: float
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Variant:
    """``limited`` authors have each their part of what the server is known to hold."""

    name: str
    ladder: bool = False
    limited: bool = False

    @property
    def degradation(self) -> DegradationConfig:
        return DegradationConfig(ladder=LadderConfig() if self.ladder else STAYS_FULL, lag_max_s=LAG_MAX_MS / 1000)


VARIANTS = {
    variant.name: variant
    for variant in (
        Variant(name="ladder", ladder=True),
        Variant(name="no-ladder"),
        Variant(name="limits", limited=True),
    )
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    steps: Sequence[Step] = (Step(0.5, 2.0), Step(1.0, 2.0), Step(2.0, 4.0), Step(3.0, 17.0), Step(0.5, 7.0))
    viewers: Annotated[int, Within(1, 20_000)] = 1_500

    @property
    def seconds(self) -> float:
        return sum(step.seconds for step in self.steps)

    @property
    def spans(self) -> list[tuple[float, float]]:
        """From when to when each step lasts."""
        ends = list(accumulate(step.seconds for step in self.steps))
        return list(zip([0.0, *ends], ends, strict=False))

    @property
    def top(self) -> int:
        """The step of the highest load."""
        return max(range(len(self.steps)), key=lambda number: self.steps[number].multiple)

    def multiple(self, at_s: float) -> float:
        """Of the load at a time; after the end that of the last step."""
        for step, (_, end_s) in zip(self.steps, self.spans, strict=True):
            if at_s < end_s:
                return step.multiple
        return self.steps[-1].multiple


@dataclass(frozen=True, slots=True)
class Request:
    due_s: float
    kind: Kind
    author: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """``capacity_per_s`` is of requests of all kinds together."""

    variant: Variant
    capacity_per_s: float
    repeat: int = 0
    size: Size = field(default_factory=Size)

    @property
    def rate(self) -> tuple[int, float]:
        """Burst, and period in s, of each author's limit."""
        if not self.variant.limited:
            return 1_000_000, 1.0
        each_per_s = self.capacity_per_s * SHARES[Kind.POST] * ALLOWED / AUTHORS
        return BURST, BURST / each_per_s

    def connections(self, kind: Kind) -> int:
        """What requests of a kind share; one that finds none free waits."""
        posts = max(FEW, round(HELD_S * self.capacity_per_s))
        return {Kind.POST: posts, Kind.MODERATION: MODERATORS}.get(kind, max(FEW, posts // FEW))

    def schedule(self) -> list[Request]:
        """In order of time: at random, at the rate of each step. Repeat n has the same in both engines."""
        found: list[Request] = []
        for kind in Kind:
            rng = Random(f"degradation {self.repeat} {kind.name}")
            for step, (begin_s, end_s) in zip(self.size.steps, self.size.spans, strict=True):
                share = SHARES.get(kind)
                per_s = MODERATORS_PER_S if share is None else self.capacity_per_s * step.multiple * share
                moments = poisson(rng, per_s, end_s, begin_s)
                found += (Request(at_s, kind, rng.randrange(AUTHORS)) for at_s in moments)
        return sorted(found, key=lambda each: each.due_s)
