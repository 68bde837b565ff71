"""Runs a family: probes, all variants live by turns, then the model in parallel with what the probes have measured."""

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from simulation.engines.processes import left_out, neighbours
from simulation.experiments.comparison import compare, ranking
from simulation.experiments.family import LEFT_OUT, Family, Needing, Observation
from simulation.machine import fingerprint
from simulation.provenance import MEASURED, Provenance
from simulation.replications import in_parallel

RESULTS = Path(__file__).parents[1] / "results"
Document = dict[str, Any]
Costs = Mapping[str, Any]


class FamilyRun:
    """One run of a family, which may have been begun earlier: ``started`` is what its `as_dict` was then.

    ``repeats`` and ``repeats_sim`` are of each variant, None for the family's own; ``costs`` are probed unless given.
    """

    def __init__(
        self,
        family: Family,
        *,
        engines: tuple[str, ...] = ("live", "sim"),
        repeats: int | None = None,
        repeats_sim: int | None = None,
        costs: tuple[Costs, Provenance] | None = None,
        started: Document | None = None,
    ) -> None:
        self._family = family
        self._engines = engines
        self._repeats = repeats
        self._repeats_sim = repeats_sim or family.repeats_sim
        self._costs = costs
        self._observations: list[Observation] = []
        if started is not None:
            if "costs" in started:
                self._costs = started["costs"], Provenance.read(started["calibration"])
            self._observations = [Observation(**row) for row in started["observations"]]

    @property
    def steps(self) -> int:
        """How often `finish` will tell of something that begins."""
        return self._must_probe + len(self.left) + ("sim" in self._engines)

    @property
    def left(self) -> list[tuple[str, int]]:
        """Live runs that are not done: by turns, so that a machine that changes its speed changes it for all."""
        done = {(each.variant, each.repeat) for each in self._observations}
        return [each for each in self._planned() if each not in done]

    async def finish(self, tell: Callable[[str], None], keep: Callable[[Document], None] = lambda _: None) -> Document:
        """Do what is left; ``keep`` gets what there is between two runs. ProcessError: something is missing here."""
        if self.left and not held_here(self._family):
            await self._family.live(*self.left[0])  # says why not, before anything is measured in vain
        if self._must_probe:
            tell("probing what it costs here")
            self._costs = await probed(self._family)
            keep(self.as_dict())
        self._observations += self._not_held()
        for variant, repeat in self.left:
            tell(f"{variant}, repeat {repeat + 1}")
            self._observations.append(await self._live(variant, repeat))
            keep(self.as_dict())
        if "sim" in self._engines:
            tell("simulating the same")
            self._observations += await self._simulated()
        return document(self._family, self._observations, self._costs)

    def as_dict(self) -> Document:
        """What `started` takes."""
        costs = {"costs": dict(self._costs[0]), "calibration": self._costs[1].as_dict()} if self._costs else {}
        return costs | {"observations": [_row(each) for each in self._observations]}

    @property
    def _must_probe(self) -> bool:
        return "sim" in self._engines and self._costs is None

    def _not_held(self) -> list[Observation]:
        """A void run of each variant that lacks something here, so that it is told wherever runs are."""
        if "live" not in self._engines:
            return []
        told = {each.variant for each in self._observations}
        return [
            Observation(variant, "live", 0, {}, why_void=why)
            for variant, why in lacking(self._family).items() if variant not in told
        ]  # fmt: skip

    def _planned(self) -> list[tuple[str, int]]:
        """A variant that repeats itself well runs once, unless a number is asked for."""
        if "live" not in self._engines:
            return []
        family = self._family
        times = {
            variant: self._repeats or (1 if variant in family.once else family.repeats_live)
            for variant in held_here(family) or family.variants  # whose `live` then says why not
        }
        return [
            (variant, repeat) for repeat in range(max(times.values())) for variant in times if repeat < times[variant]
        ]

    async def _live(self, variant: str, repeat: int) -> Observation:
        """With a note if a server left things out for its load, which those that are asked to do so say otherwise."""
        with left_out() as rungs:
            seen = await self._family.live(variant, repeat)
        return replace(seen, facts={**seen.facts, LEFT_OUT: sorted(rungs)}) if rungs else seen

    async def _simulated(self) -> list[Observation]:
        assert self._costs is not None
        costs, _ = self._costs
        calls = [(variant, repeat, costs) for repeat in range(self._repeats_sim) for variant in self._family.variants]
        return await in_parallel(self._family.simulate, calls)


def lacking(family: Family) -> Mapping[str, str]:
    """What is missing here, by variant."""
    return family.lacking if isinstance(family, Needing) else {}


def held_here(family: Family) -> list[str]:
    """The variants that run live."""
    return [each for each in family.variants if each not in family.simulated_only and each not in lacking(family)]


async def probed(family: Family) -> tuple[Costs, Provenance]:
    """What the family's probes find; where something is missing for that, the shipped costs of it."""
    watched = neighbours()
    found, missing = await family.probe(), lacking(family)
    machine = fingerprint() | {"others_share": watched.share()}
    if missing:
        found = completed(found, json.loads((RESULTS / f"{family.name}.json").read_text())["costs"])
    return found, Provenance(MEASURED, machine, ", ".join(f"`{variant}`" for variant in missing))


def completed(found: Costs, others: Costs) -> dict[str, Any]:
    """With what only the others have."""
    both = {
        name: completed(found[name], other)
        for name, other in others.items() if name in found and isinstance(other, Mapping)
    }  # fmt: skip
    return {**others, **found, **both}


def document(family: Family, observations: list[Observation], costs: tuple[Costs, Provenance] | None) -> Document:
    """What is saved: everything that was seen, what it comes to, and the answer."""
    cells = compare(family, observations)
    alike, pairs = ranking(family, observations)
    return {
        "experiment": family.name,
        "question": family.question,
        "size": family.size,
        "machine": fingerprint(),
        "calibration": costs[1].as_dict() if costs else None,
        "costs": dict(costs[0]) if costs else {},
        "observations": [_row(each) for each in observations],
        "comparison": [cell.as_dict() for cell in cells],
        "ranking": {"alike": alike, "pairs": pairs},
        "answer": _answer(family, observations),
    }


def _answer(family: Family, observations: list[Observation]) -> str:
    """The family's, if each variant has a run that counts in the engine that answers."""
    valid = [each for each in observations if not each.why_void]
    engine = "live" if any(each.engine == "live" for each in valid) else "sim"
    seen = {each.variant for each in valid if each.engine == engine}
    wanted = held_here(family) if engine == "live" else family.variants
    absent = [variant for variant in wanted if variant not in seen]
    return f"No answer: no run of {', '.join(absent)} counts." if absent else family.answer(valid)


def _row(each: Observation) -> dict[str, Any]:
    return {
        "variant": each.variant,
        "engine": each.engine,
        "repeat": each.repeat,
        "values": {name: float(value) for name, value in each.values.items()},
        "facts": dict(each.facts),
        "why_void": each.why_void,
    }
