"""What a run is, in either engine: who posts and watches, what is lost on the way, and what everybody does about it.

A comment goes three ways, each of which loses something, and each of which has its remedy:

    author --> API    a request or its answer is lost      | try again, with the same idempotency key
    API --> edge      the broker is not reached for a while | read from the log what did not come
    edge --> viewer   the connection is cut                 | come back with a cursor, drop what is known
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from random import Random
from typing import Annotated, Any

from reference_impl.policy.retry import RetryConfig
from simulation.experiments.sizes import Within, enough
from simulation.trace import poisson

POSTS = RetryConfig()  # of an author, as the client has it
RECONNECTS = RetryConfig(base_s=0.2, cap_s=2.0, attempts_max=240)  # the client's, but for a cap that fits a short run
BROKER = RetryConfig(base_s=0.05, cap_s=2.0, attempts_max=1_000_000)  # of a connection to Redis, as the edge has it
CALM_S = 1.0  # at either end of a run, when no connection is cut and the broker is there


class Fate(Enum):
    """What becomes of one request of an author; the author sees a broken connection in either bad case."""

    ANSWERED = "answered"
    REQUEST_LOST = "request lost"  # nothing has happened
    ANSWER_LOST = "answer lost"  # the comment is stored


@dataclass(frozen=True, slots=True, kw_only=True)
class Variant:
    """``log``: the edge reads from the log what the broker has lost; else it passes on what comes, and no more.

    ``saves_s``: how often a viewer writes its cursor down, 0 with every comment. ``drops``: it leaves out what it has
    shown, which it knows by ``seq`` and by the number that the author gave the comment.
    """

    name: str
    retries: bool = True
    keyed: bool = False
    log: bool = True
    saves_s: float = 1.0
    drops: bool = False


VARIANTS = {
    variant.name: variant
    for variant in (
        Variant(name="at-most-once", retries=False, log=False),
        Variant(name="at-least-once"),
        Variant(name="at-least-once-dedupe", drops=True),
        Variant(name="exactly-once-effect", keyed=True, saves_s=0.0),
    )
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """``lost_share`` of requests are lost, and as many answers; a viewer's connection lasts ``lasts_s`` in the mean."""

    seconds: Annotated[float, Within(0.1, 300)] = 6.0
    posts_per_s: Annotated[float, Within(0.1, 1_000)] = 40.0
    viewers: Annotated[int, Within(1, 1_000)] = 20
    lost_share: Annotated[float, Within(0.0, 0.45)] = 0.05
    lasts_s: Annotated[float, Within(0.1, 3_600)] = 3.0
    outage_s: Annotated[float, Within(0.0, 60)] = 0.25  # of the broker, once

    def why_not(self) -> str:
        if self.seconds < (least := 1.5 * CALM_S + self.outage_s):
            return f"seconds must be at least outage_s and the calm at the ends, {least:g}, got {self.seconds:g}"
        return enough("comments", self.seconds * self.posts_per_s, "seconds and posts_per_s")


@dataclass(frozen=True, slots=True)
class Case:
    """Repeat n of every variant has the same losses, in both engines."""

    variant: Variant
    repeat: int
    size: Size = field(default_factory=Size)

    @classmethod
    def read(cls, fields: Mapping[str, Any]) -> "Case":
        return cls(VARIANTS[fields["variant"]], fields["repeat"], Size(**fields["size"]))

    def stream(self, name: str) -> Random:
        """Randomness of one kind, which no other kind shifts."""
        return Random(f"delivery {self.repeat} {name}")

    def posts_s(self) -> list[float]:
        """When each comment is meant to be sent; its place is its number."""
        return [
            (number + 0.5) / self.size.posts_per_s for number in range(int(self.size.seconds * self.size.posts_per_s))
        ]

    def fate(self, number: int, attempt: int) -> Fate:
        drawn, share = self.stream(f"post {number} {attempt}").random(), self.size.lost_share
        if drawn < share:
            return Fate.REQUEST_LOST
        return Fate.ANSWER_LOST if drawn < 2 * share else Fate.ANSWERED

    def cuts_s(self) -> list[tuple[float, int]]:
        """When which viewer's connection is cut, in order; a viewer who has none then is not harmed."""
        found = list[tuple[float, int]]()
        for viewer in range(self.size.viewers):
            rng = self.stream(f"cuts {viewer}")
            cuts_s = poisson(rng, 1 / self.size.lasts_s, self.size.seconds - CALM_S, CALM_S / 2)
            found += ((at_s, viewer) for at_s in cuts_s)
        return sorted(found)

    def outage_at_s(self) -> float:
        """When the broker is gone for ``outage_s``."""
        return CALM_S / 2 + self.stream("outage").random() * (self.size.seconds - 1.5 * CALM_S - self.size.outage_s)

    def first_save_s(self, viewer: int) -> float:
        """When a viewer first writes its cursor down; viewers are not in step."""
        return self.stream(f"saves {viewer}").random() * self.variant.saves_s
