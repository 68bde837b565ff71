"""Runs a sweep: live runs of all points one after the other, then the replications of all points in parallel.

The costs are probed once, at the experiment's own size, and hold for every point: what a point costs at its size is
what the model is asked for.
"""

import math
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace
from typing import Any

from simulation.engines.processes import ProcessError
from simulation.experiments.family import Family, Observation, Sweepable
from simulation.experiments.running import FamilyRun, document, held_here, probed
from simulation.provenance import Provenance
from simulation.record import Document, Record
from simulation.replications import ALL_CORES, Backend, as_they_end, digest
from simulation.sweeping.grid import At, Axis, points, words

WHY = "why_missing"
KEPT = ("size", "observations", "comparison", "ranking", "answer")

Tell = Callable[[str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """``repeats`` are of each variant at each point, None for the family's own; ``costs`` says where they are from."""

    family: Sweepable
    axes: Sequence[Axis]
    engines: tuple[str, ...]
    repeats: int | None = None
    costs: str = ""

    @property
    def points(self) -> list[At]:
        return points(self.axes)

    @property
    def repeats_sim(self) -> int:
        return self.repeats or self.family.repeats_sim

    def as_dict(self) -> Document:
        """Two plans are the same if these are; where the replications run makes no difference to them."""
        return {
            "experiment": self.family.name,
            "own": dict(self.family.sizes),
            "axes": {axis.name: list(axis.values) for axis in self.axes},
            "engines": list(self.engines),
            "repeats": self.repeats,
            "repeats_sim": self.repeats_sim,
            "costs": self.costs,
        }


def new(plan: Plan, costs: tuple[Mapping[str, Any], Provenance] | None) -> Document:
    """What a sweep has before it begins, apart from what `record.begun` adds."""
    given = {"costs": dict(costs[0]), "calibration": costs[1].as_dict()} if costs else {}
    return {
        "sweep": plan.family.name,
        "question": plan.family.question,
        "costs": {},
        "calibration": None,
        "points": [{"at": at, "observations": []} for at in plan.points],
    } | given


def is_done(point: Document) -> bool:
    """Whether all of its runs are there."""
    return "comparison" in point


class Sweep:
    """``record`` holds what there is; a point that is done is never run again."""

    def __init__(self, plan: Plan, record: Record, backend: Backend = ALL_CORES) -> None:
        self._plan = plan
        self._record = record
        self._backend = backend

    @property
    def steps(self) -> int:
        """How often `run` will tell of something that begins."""
        live = sum(len(self._live(point).left) for point in self._left)
        return self._must_probe + live + len(self._left) * self._simulates

    async def run(self, tell: Tell) -> None:
        """Do what is left, and save whenever there is something new."""
        if self._must_probe:
            tell("probing what it costs here")
            costs, source = await probed(self._plan.family)
            self._record.document.update(costs=dict(costs), calibration=source.as_dict())
            self._record.save()
        if "live" in self._plan.engines:
            for point in self._left:
                await self._run_live(point, tell)
        if self._simulates:
            await self._simulate(tell)
            self._record.document["digest"] = simulated_digest(self._record.document)
        self._record.finish()

    @property
    def _left(self) -> list[Document]:
        return [point for point in self._record.document["points"] if not is_done(point)]

    @property
    def _simulates(self) -> bool:
        return "sim" in self._plan.engines

    @property
    def _must_probe(self) -> bool:
        return self._simulates and self._record.document["calibration"] is None

    def _family(self, point: Document) -> Family:
        return self._plan.family.sized(point["at"])

    def _live(self, point: Document) -> FamilyRun:
        engines = tuple(each for each in self._plan.engines if each == "live")
        return FamilyRun(self._family(point), engines=engines, repeats=self._plan.repeats, started=point)

    async def _run_live(self, point: Document, tell: Tell) -> None:
        """What this machine does not hold at this size is noted; ProcessError if it holds it at none."""

        def keep(started: Document) -> None:
            point["observations"] = started["observations"]
            self._record.save()

        run = self._live(point)
        try:
            await run.finish(lambda what: tell(f"{words(point['at'])}, {what}"), keep)
        except ProcessError as error:
            if not held_here(self._plan.family):
                raise
            point[WHY] = str(error)
        if not self._simulates:
            self._done(point, [])

    async def _simulate(self, tell: Tell) -> None:
        left, each = self._left, self._plan.repeats_sim * len(self._plan.family.variants)
        async with aclosing(as_they_end(_simulated, self._calls(left), self._backend)) as results:
            for point in left:
                tell(f"{words(point['at'])}, simulating")
                self._done(point, await _next(results, each))

    def _calls(self, left: Sequence[Document]) -> list[tuple[Any, ...]]:
        costs, family = self._record.document["costs"], self._plan.family
        return [
            (sized, variant, repeat, costs)
            for sized in map(self._family, left)
            for repeat in range(self._plan.repeats_sim)
            for variant in family.variants
        ]

    def _done(self, point: Document, simulated: list[Observation]) -> None:
        live = [Observation(**row) for row in point["observations"]]
        whole = document(self._family(point), [*live, *simulated], None)
        point.update({name: whole[name] for name in KEPT})
        self._record.save()


def simulated_digest(document: Document) -> str:
    """Of every simulated figure: the same on any number of workers, of this machine or a cluster."""
    rows = (row for point in document["points"] for row in point["observations"] if row["engine"] == "sim")
    return digest([[row["variant"], row["repeat"], row["values"]] for row in rows])


def _simulated(family: Family, variant: str, repeat: int, costs: Mapping[str, Any]) -> Observation:
    """Without facts, which a sweep has no place for; void where a size leaves nothing to measure: no arrivals, say."""
    try:
        found = family.simulate(variant, repeat, costs)
        figures = {name: value for name, value in found.values.items() if not math.isnan(value)}
        return replace(found, values=figures, facts={})
    except (ArithmeticError, LookupError, ValueError) as error:
        return Observation(variant, "sim", repeat, {}, why_void=f"the model has no figures at this size: {error!r}")


async def _next(results: AsyncIterator[Observation], count: int) -> list[Observation]:
    return [await anext(results) for _ in range(count)]
