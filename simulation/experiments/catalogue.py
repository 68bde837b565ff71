"""The experiments by name: one line for each."""

from collections.abc import Callable

from simulation.experiments.family import Family

FAMILIES: dict[str, Callable[[], Family]] = {}
