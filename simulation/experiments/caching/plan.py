"""What a run is, in either engine: who asks for the newest page when, what the cache has, and what befalls it.

Readers come in crowds, as after a goal: each asks once, all of a crowd at the same moment. Of a fleet, which is larger
than one machine holds, they come at random.
"""

from dataclasses import dataclass, field, replace
from enum import Enum
from random import Random
from typing import Annotated

from reference_impl.policy.hot_keys import HotKeysConfig
from reference_impl.policy.recent_window import RecentConfig
from reference_impl.policy.warming import WarmingConfig
from simulation.experiments.sizes import Within, enough
from simulation.trace import poisson

LIMIT = 50  # comments in a page; the server reads one more, to know whether there are more
STORED = 300  # comments of the stream before anybody reads
AGE_S = 1.0  # of a window; the server's own is 10 s, and a run is short
LATE_S = 0.2  # a page that takes longer is late
COPY_PER_S = 100.0  # pages of one server that one copy carries; see `Variant.fleet`
SPREAD_S = 0.1  # of a crowd's moment


class Outage(Enum):
    """What befalls the cache in the middle of a run."""

    NONE = "none"
    KILLED = "killed"  # and connections to it are refused
    SILENT = "silent"  # as a machine is that has lost its power or its network


@dataclass(frozen=True, slots=True, kw_only=True)
class Variant:
    """``without`` names what the cache has not, as `--recent-without` does; ``fleet`` is how many servers there are.

    A server alone has SQLite and one Redis. A fleet has a database of its own and a cluster of ``nodes``. Each of its
    servers counts its own readers alone, so that a stream is hot for a fleet long before it is for any server.
    """

    name: str
    cached: bool = True
    without: tuple[str, ...] = ()
    outage: Outage = Outage.NONE
    fleet: int = 1
    nodes: int = 1

    @property
    def config(self) -> RecentConfig:
        copied = self.nodes > 1 and "copies" not in self.without
        return RecentConfig(
            single_flight="single-flight" not in self.without,
            warming=WarmingConfig(age_max_s=AGE_S, ahead="warming" not in self.without),
            hot_keys=HotKeysConfig(copy_per_s=COPY_PER_S) if copied else HotKeysConfig(copies_max=1),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """``crowd`` readers every ``every_s``, and ``posts_per_s``; a fleet's servers have had ``per_s`` each for long."""

    seconds: Annotated[float, Within(0.1, 120)] = 4.0
    crowd: Annotated[int, Within(1, 1_000)] = 30
    every_s: Annotated[float, Within(0.02, 10)] = 0.25
    posts_per_s: Annotated[float, Within(0.1, 1_000)] = 10.0
    outage_at_s: Annotated[float, Within(0.0, 120)] = 1.4
    per_s: Annotated[float, Within(1, 5_000)] = 500.0
    fleet_s: Annotated[float, Within(0.05, 10)] = 0.6

    def why_not(self) -> str:
        if not self.outage_at_s < self.seconds:
            return f"outage_at_s must be less than seconds, got {self.outage_at_s:g} and {self.seconds:g}"
        moments = round(self.seconds / self.every_s)
        alone = enough("readers", moments * self.crowd, "seconds / every_s, and crowd")
        return alone or enough("readers of a server", self.per_s * self.fleet_s, "per_s and fleet_s")


@dataclass(frozen=True, slots=True)
class Case:
    variant: Variant
    repeat: int
    size: Size = field(default_factory=Size)

    def readers_s(self) -> list[float]:
        """When pages are due, in order; repeat n of both engines has the same."""
        rng, size = Random(f"caching readers {self.repeat}"), self.size
        moments = [
            number * size.every_s + rng.random() * SPREAD_S for number in range(round(size.seconds / size.every_s))
        ]
        return [at_s for at_s in moments for _ in range(size.crowd)]

    def fleet_readers_s(self, server: int) -> list[float]:
        """When pages of one server of a fleet are due."""
        return list(poisson(Random(f"caching fleet {self.repeat} {server}"), self.size.per_s, self.size.fleet_s))

    def posts_s(self) -> list[float]:
        seconds = self.size.seconds if self.variant.fleet == 1 else self.size.fleet_s
        return [(number + 0.5) / self.size.posts_per_s for number in range(int(seconds * self.size.posts_per_s))]


ALL = ("single-flight", "warming", "copies")
KILLED = Variant(name="killed", outage=Outage.KILLED)
SILENT = Variant(name="silent", outage=Outage.SILENT)
FLEET = Variant(name="fleet", fleet=60, nodes=6)
VARIANTS = {
    variant.name: variant
    for variant in (
        Variant(name="no-cache", cached=False),
        Variant(name="plain", without=ALL),
        Variant(name="single-flight", without=("warming", "copies")),
        Variant(name="warming"),
        KILLED,
        replace(KILLED, name="killed-no-breaker", without=("breaker",)),
        SILENT,
        replace(SILENT, name="silent-no-breaker", without=("breaker",)),
        replace(FLEET, without=("copies",)),
        replace(FLEET, name="fleet-copies"),
    )
}
