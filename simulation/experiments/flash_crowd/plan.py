"""What a flash crowd is, in either engine: who comes when, what edges let in, and who starts more of them.

Everybody tries edges by turns, as behind a balancer. Who is refused waits for as long as the edge says and his client's
backoff, and tries the next one.
"""

from dataclasses import dataclass, field, replace
from enum import Enum
from random import Random
from typing import Annotated

import numpy as np
from numpy.typing import NDArray

from reference_impl.policy.autoscaling import AutoscalingConfig
from reference_impl.policy.connections import ConnectionConfig
from reference_impl.policy.retry import RetryConfig
from simulation.experiments.sizes import Within

RECONNECTS = RetryConfig(base_s=0.2, cap_s=30.0, attempts_max=240)  # the client's
HELLO_S = 10.0  # a client that is not answered for so long tries again
UNBOUNDED = ConnectionConfig(viewers_max=10_000_000, per_address_max=10_000_000, joins_per_s=1_000_000)

Times = NDArray[np.float64]


class Signal(Enum):
    """What the autoscaler goes by."""

    NONE = "none"  # there is no autoscaler
    TRIES = "tries"  # how many want to come in, refused or not, and how many are there
    CPU = "cpu"  # how busy the edges' cores are


@dataclass(frozen=True, slots=True)
class Seen:
    """What all edges together tell between two looks; ``cpu_share`` of a core, in sum."""

    viewers: int
    tries_per_s: float
    cpu_share: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """Times in seconds from when the first of the crowd comes; ``boot_s`` is what a machine takes before its edge."""

    present: Annotated[int, Within(1, 10_000)]
    crowd: Annotated[int, Within(1, 100_000)]
    crowd_s: Annotated[float, Within(0.01, 600)]  # in which they all come
    seconds: Annotated[float, Within(0.1, 600)]  # until the run's end
    comments_per_s: Annotated[float, Within(0.01, 100)]
    connections: ConnectionConfig
    autoscaling: AutoscalingConfig
    look_s: Annotated[float, Within(0.01, 60)]
    boot_s: Annotated[float, Within(0.0, 600)] = 0.0
    step_s: Annotated[float, Within(0.001, 1)] = 0.005  # of the model
    shared_core: bool = False  # by all edges, as where they are processes of one small machine

    def why_not(self) -> str:
        if self.crowd_s > self.seconds:
            return f"crowd_s must be no more than seconds, got {self.crowd_s:g} and {self.seconds:g}"
        if self.step_s > self.look_s:
            return f"step_s must be no more than look_s, got {self.step_s:g} and {self.look_s:g}"
        return ""

    @property
    def edges_max(self) -> int:
        return self.autoscaling.edges_max


HERE = Size(
    present=30, crowd=2_970, crowd_s=2.0, seconds=8.0, comments_per_s=10.0,
    connections=ConnectionConfig(per_address_max=10_000, joins_per_s=250),
    autoscaling=AutoscalingConfig(edges_max=4, start_s=2.0), look_s=0.5, shared_core=True,
)  # fmt: skip
FLEET = Size(
    present=2_000, crowd=198_000, crowd_s=60.0, seconds=150.0, comments_per_s=5.0,
    connections=ConnectionConfig(viewers_max=10_000, joins_per_s=200),
    autoscaling=AutoscalingConfig(edges_max=32, start_s=45.0), look_s=5.0, boot_s=40.0, step_s=0.25,
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Variant:
    """``warm``: as many edges as may ever be are there before the crowd is."""

    name: str
    warm: bool = False
    signal: Signal = Signal.NONE
    admission: bool = True
    fleet: bool = False

    def load(self, seen: Seen, connections: ConnectionConfig) -> float:
        """What the autoscaler is told, in edges' worth."""
        if self.signal is Signal.CPU:
            return seen.cpu_share
        return max(seen.tries_per_s / connections.joins_per_s, seen.viewers / connections.viewers_max)


@dataclass(frozen=True, slots=True)
class Case:
    variant: Variant
    repeat: int
    here: Size = field(default=HERE)
    far: Size = field(default=FLEET)

    @property
    def size(self) -> Size:
        return self.far if self.variant.fleet else self.here

    @property
    def edges(self) -> int:
        """How many there are when the crowd comes."""
        return self.size.edges_max if self.variant.warm else 1

    @property
    def paid_from_s(self) -> list[float]:
        """Of those edges: at best, what is there before the crowd is asked for a start-up time before it."""
        return [0.0] + [-self.size.autoscaling.start_s] * (self.edges - 1)

    @property
    def connections(self) -> ConnectionConfig:
        """What each edge lets in."""
        return self.size.connections if self.variant.admission else UNBOUNDED

    def arrivals_s(self) -> Times:
        """When each of the crowd first tries, in order: a Poisson process with so many of them."""
        rng = np.random.default_rng(Random(f"flash_crowd arrivals {self.repeat}").getrandbits(64))
        times: Times = np.sort(rng.random(self.size.crowd)) * self.size.crowd_s
        return times

    def posts_s(self) -> list[float]:
        """When comments are meant to go."""
        size = self.size
        return [(number + 0.5) / size.comments_per_s for number in range(int(size.seconds * size.comments_per_s))]


_ANSWERS = (
    Variant(name="nothing"),
    Variant(name="nothing-open", admission=False),
    Variant(name="prewarmed", warm=True),
    Variant(name="reactive", signal=Signal.TRIES),
    Variant(name="reactive-cpu", signal=Signal.CPU),
)
_OF_A_FLEET = tuple(replace(each, name=f"fleet-{each.name}", fleet=True) for each in _ANSWERS)
VARIANTS = {variant.name: variant for variant in (*_ANSWERS, *_OF_A_FLEET)}
