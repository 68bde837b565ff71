"""The experiments by name: one line for each."""

from collections.abc import Callable

from simulation.experiments.failover import Failover
from simulation.experiments.family import Family
from simulation.experiments.fan_out import FanOut

FAMILIES: dict[str, Callable[[], Family]] = {"fan_out": FanOut, "failover": Failover}
