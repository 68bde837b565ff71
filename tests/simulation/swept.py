"""A small experiment to sweep, whose runs are made up, and sweeps of it and of real ones."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from simulation.engines.processes import ProcessError
from simulation.experiments.command import RESULTS, costs_in
from simulation.experiments.family import Measure, Observation, Sweepable
from simulation.experiments.sizes import Resizable
from simulation.provenance import SHIPPED
from simulation.record import Record, begun
from simulation.sweeping.grid import axes
from simulation.sweeping.sweep import Plan, Sweep, new


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    viewers: int = 10
    per_s: float = 2.0
    seed: int = 0
    name: str = ""


class Lived(Resizable[Size]):
    """An experiment whose runs are made up; there is no room for more than 100 viewers."""

    name = "lived"
    question = "Does it live?"
    measures = (Measure("p99_ms", "p99, ms"), Measure("count", "count", 0, tells=False))
    variants = ("a", "b")
    repeats_live = 2
    repeats_sim = 3
    once: tuple[str, ...] = ()
    simulated_only: tuple[str, ...] = ()

    def __init__(self, size: Size = Size()) -> None:
        super().__init__(size)

    @property
    def size(self) -> str:
        return f"{self._size.viewers} viewers"

    async def probe(self) -> dict[str, Any]:
        return {"each_s": 1.0}

    async def live(self, variant: str, repeat: int) -> Observation:
        if self._size.viewers > 100:
            raise ProcessError("no room")
        values = {"p99_ms": self._size.viewers * self._size.per_s + repeat, "count": 1.0}
        return Observation(variant, "live", repeat, values, why_void="busy" if variant == "b" and repeat else "")

    def simulate(self, variant: str, repeat: int, costs: Mapping[str, Any]) -> Observation:
        if variant == "b" and self._size.per_s > 1:
            raise ZeroDivisionError("nobody came")
        return Observation(variant, "sim", repeat, {"p99_ms": self._size.viewers * costs["each_s"], "count": 1.0})

    def answer(self, observations: Sequence[Observation]) -> str:
        return f"{len(observations)} runs say so."


def swept(family: Sweepable, *options: str, engines: tuple[str, ...] = ("sim",), repeats: int | None = 2) -> Plan:
    return Plan(family=family, axes=axes(family, options), engines=engines, repeats=repeats)


def record_of(plan: Plan, path: Path | None = None) -> Record:
    costs = costs_in(RESULTS / f"{plan.family.name}.json", SHIPPED) if "sim" in plan.engines else None
    return Record(begun(plan.as_dict(), path, new(plan, costs), "a sweep"), path)


def run(plan: Plan, record: Record) -> dict[str, Any]:
    asyncio.run(Sweep(plan, record).run(lambda _: None))
    return record.document
