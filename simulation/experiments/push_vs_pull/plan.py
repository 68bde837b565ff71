"""What a run is, in either engine: who watches by which transport, and what is posted when."""

from dataclasses import dataclass, field
from enum import Enum
from typing import Annotated

from simulation.experiments.sizes import Within
from simulation.fidelity import seed_of
from simulation.scenario import Scenario, make_scenario
from simulation.trace import Post, schedule

WAIT_S = 25.0  # how long a long poll offers to wait, as the client has it


class Transport(Enum):
    """How comments come to a viewer."""

    POLL = "poll"  # asked for at fixed times, answered at once
    LONG_POLL = "long-poll"  # asked for, and the answer is held until there is something
    SSE = "sse"
    WEBSOCKET = "websocket"
    SEGMENTS = "segments"  # asked of a cache, which has the log in pieces of one second

    @property
    def pushed(self) -> bool:
        return self in (Transport.SSE, Transport.WEBSOCKET)


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """``viewers`` of a stream with so many comments/s; the first ``warm_s`` are not measured.

    ``crowd`` viewers are in the model only, at processes that each have as many as keep ``busy_max`` of a core busy.
    """

    viewers: Annotated[int, Within(1, 100_000)] = 300
    rate_per_s: Annotated[float, Within(0.1, 1_000)] = 3.0
    seconds: Annotated[float, Within(0.1, 600)] = 6.5
    warm_s: float = 2.5  # so long it takes until the first segments are read
    crowd: Annotated[int, Within(1, 1_000_000_000)] = 10_000_000
    busy_max: float = 0.6

    def __post_init__(self) -> None:
        if min(self.viewers, self.crowd) < 1 or self.rate_per_s <= 0:
            raise ValueError(f"viewers, crowd and rate_per_s must be positive, got {self}")
        if not 0 <= self.warm_s < self.seconds:
            raise ValueError(f"warm_s must be less than seconds, got {self.warm_s:g} and {self.seconds:g}")
        if not 0 < self.busy_max < 1:
            raise ValueError(f"busy_max must be above 0 and below 1, got {self.busy_max:g}")

    @property
    def measured_s(self) -> float:
        return self.seconds - self.warm_s


@dataclass(frozen=True, slots=True, kw_only=True)
class Variant:
    """``every_s``: between two polls of a viewer. A ``crowded`` one has the size's crowd, and is simulated only."""

    name: str
    transport: Transport
    every_s: float = 0.0
    crowded: bool = False


@dataclass(frozen=True, slots=True)
class Case:
    variant: Variant
    repeat: int
    size: Size = field(default_factory=Size)

    @property
    def scenario(self) -> Scenario:
        """The same arrivals for all variants of a repeat, and for all audiences."""
        size = self.size
        base = make_scenario({
            "name": "push_vs_pull", "duration_s": size.seconds, "warm_up_s": size.warm_s,
            "workload": {"rate_per_s": size.rate_per_s}, "system": {"storage": "memory"},
        }, "push_vs_pull")  # fmt: skip
        seed = seed_of(base, self.repeat)
        system = {"window_ms": 0.0} if self.variant.crowded else {}  # nobody is there for whom to collect
        return base.changed({"": {"seed": seed}, "audience": {"viewers": size.viewers}, "system": system})

    def posts(self) -> list[Post]:
        return schedule(self.scenario)


_HERE = (
    Variant(name="poll-1s", transport=Transport.POLL, every_s=1.0),
    Variant(name="poll-2s", transport=Transport.POLL, every_s=2.0),
    Variant(name="poll-5s", transport=Transport.POLL, every_s=5.0),
    Variant(name="long-poll", transport=Transport.LONG_POLL),
    Variant(name="sse", transport=Transport.SSE),
    Variant(name="websocket", transport=Transport.WEBSOCKET),
    Variant(name="segments", transport=Transport.SEGMENTS),
)
_CROWDED = tuple(
    Variant(name=f"{each.name}-crowd", transport=each.transport, every_s=each.every_s, crowded=True) for each in _HERE
)
VARIANTS = {variant.name: variant for variant in (*_HERE, *_CROWDED)}
