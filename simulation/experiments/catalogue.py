"""The experiments by name: one line for each."""

from collections.abc import Callable

from simulation.experiments.backpressure.family import Backpressure
from simulation.experiments.caching.family import Caching
from simulation.experiments.failover.family import Failover
from simulation.experiments.family import Family
from simulation.experiments.fan_out.family import FanOut
from simulation.experiments.hot_partition.family import HotPartition
from simulation.experiments.push_vs_pull.family import PushVsPull
from simulation.experiments.world_cup.family import WorldCup

FAMILIES: dict[str, Callable[[], Family]] = {
    "fan_out": FanOut,
    "hot_partition": HotPartition,
    "backpressure": Backpressure,
    "failover": Failover,
    "caching": Caching,
    "push_vs_pull": PushVsPull,
    "world_cup": WorldCup,
}
