"""What a run is, in either engine: how a queue is divided, who works on it, what comes when, and what befalls a worker.

A piece of work takes a stated time, as a call of a service elsewhere does, and a worker does one batch at a time, as
one does that has one connection to a database. So what workers are for shows on a machine with two cores.
"""

from dataclasses import dataclass, field
from enum import Enum
from random import Random
from typing import Annotated

from reference_impl.policy.lease import LeaseConfig
from reference_impl.policy.partitioning import hashed
from simulation.experiments.sizes import Within, enough
from simulation.trace import poisson

USERS = 400  # whose work each has its order, and so its partition
SLOWER = 8.0  # times, when a worker is slow
LATE_S = 0.4  # work that takes longer is late
WATCH_S = 0.001  # until it is noticed that a worker has begun a batch, in which something is to befall it


class Fault(Enum):
    """What befalls one worker in the middle of a run. All but the first wait until it is in the midst of a batch."""

    NONE = "none"
    JOINS = "joins"  # one more begins
    SLOW = "slow"  # each piece takes it `SLOWER` times as long, for a while
    DEAD = "dead"  # SIGKILL
    STOPPED = "stopped"  # SIGSTOP, and SIGCONT when its lease has long been another's


@dataclass(frozen=True, slots=True, kw_only=True)
class Variant:
    """``workers`` there are at first; without ``fence`` an effect is made durable whoever holds the partition now."""

    partitions: int
    workers: int
    fault: Fault = Fault.NONE
    fence: bool = True

    @property
    def processes(self) -> int:
        """With the one that joins, which is the last."""
        return self.workers + (self.fault is Fault.JOINS)

    @property
    def victim(self) -> int:
        """The number of the worker that something befalls."""
        return self.workers if self.fault is Fault.JOINS else 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """A run lasts ``seconds``; one with a fault has it after ``before_s`` and lasts ``after_s`` from then."""

    per_s: Annotated[float, Within(0.1, 5_000)] = 240.0
    piece_s: Annotated[float, Within(1e-6, 1)] = 0.005
    seconds: Annotated[float, Within(0.1, 60)] = 4.0
    before_s: Annotated[float, Within(0.0, 60)] = 1.5
    after_s: Annotated[float, Within(0.1, 60)] = 5.0
    slow_s: Annotated[float, Within(0.0, 60)] = 3.0
    stopped_s: Annotated[float, Within(0.0, 60)] = 2.5
    lease: LeaseConfig = field(default_factory=lambda: LeaseConfig(lease_s=1.5, heartbeat_s=0.5))

    def why_not(self) -> str:
        shortest_s = min(self.seconds, self.before_s + self.after_s)
        return enough("pieces of work", self.per_s * shortest_s, "per_s and seconds, or before_s and after_s,")


@dataclass(frozen=True, slots=True)
class Case:
    variant: Variant
    repeat: int
    size: Size = field(default_factory=Size)

    @property
    def seconds(self) -> float:
        """For how long work comes."""
        return self.size.seconds if self.fault_s is None else self.fault_s + self.size.after_s

    @property
    def fault_s(self) -> float | None:
        return None if self.variant.fault is Fault.NONE else self.size.before_s

    @property
    def fault_lasts_s(self) -> float:
        """How long it is until what befell is over, if it ever is."""
        return {Fault.SLOW: self.size.slow_s, Fault.STOPPED: self.size.stopped_s}.get(self.variant.fault, 0.0)

    def arrivals(self) -> list[tuple[float, str]]:
        """When work comes and whose it is, in order: a Poisson process; repeat n of both engines has the same."""
        rng = Random(f"consumer groups {self.repeat}")
        return [(due_s, f"user{rng.randrange(USERS)}") for due_s in poisson(rng, self.size.per_s, self.seconds)]

    def partition(self, user: str) -> int:
        """As the server's queue has it."""
        return hashed(user) % self.variant.partitions

    def begins_s(self, worker: int) -> float:
        """When a worker's first heartbeat is, after it has been told to begin: they are not in step."""
        return Random(f"consumer groups {self.repeat} {worker}").random() * self.size.lease.heartbeat_s


JOINS, SLOW, DEAD, STOPPED, UNFENCED = "joins", "slow", "dead", "stopped", "stopped-no-fence"
STEADY = {
    f"{partitions}x{workers}": Variant(partitions=partitions, workers=workers)
    for partitions, workers in ((1, 1), (4, 1), (4, 2), (4, 4), (2, 4), (16, 4))
}
FAULTS = {
    JOINS: Variant(partitions=4, workers=1, fault=Fault.JOINS),
    SLOW: Variant(partitions=4, workers=4, fault=Fault.SLOW),
    DEAD: Variant(partitions=4, workers=4, fault=Fault.DEAD),
    STOPPED: Variant(partitions=4, workers=4, fault=Fault.STOPPED),
    UNFENCED: Variant(partitions=4, workers=4, fault=Fault.STOPPED, fence=False),
}
VARIANTS = STEADY | FAULTS
