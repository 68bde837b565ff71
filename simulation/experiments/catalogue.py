"""The experiments by name: one line for each."""

from collections.abc import Callable

from simulation.experiments.backpressure import Backpressure
from simulation.experiments.failover import Failover
from simulation.experiments.family import Family
from simulation.experiments.fan_out import FanOut
from simulation.experiments.hot_partition import HotPartition
from simulation.experiments.world_cup import WorldCup

FAMILIES: dict[str, Callable[[], Family]] = {
    "fan_out": FanOut,
    "hot_partition": HotPartition,
    "backpressure": Backpressure,
    "failover": Failover,
    "world_cup": WorldCup,
}
