"""Runs a family: probes, all variants live by turns, then the model in parallel with what the probes have measured."""

from collections.abc import Mapping
from typing import Any

from joblib import Parallel, delayed
from rich.console import Console

from simulation.console import counted, step
from simulation.engines import live
from simulation.experiments.comparison import compare, ranking
from simulation.experiments.family import Family, Observation
from simulation.machine import fingerprint

Document = dict[str, Any]


async def run_family(
    family: Family,
    console: Console,
    *,
    engines: tuple[str, ...],
    repeats: int | None = None,
    costs: Mapping[str, Any] | None = None,
) -> Document:
    """Run the engines asked for; ``costs`` are probed here unless given. ProcessError: something is missing."""
    live.pin_self()
    if "sim" in engines and costs is None:
        with step(console, f"Probing what {family.name} costs on this machine"):
            costs = await family.probe()
    observations: list[Observation] = []
    if "live" in engines:
        observations += await _live(family, repeats or family.repeats_live, console)
    if "sim" in engines:
        assert costs is not None
        with step(console, "Simulating the same"):
            observations += _simulated(family, repeats or family.repeats_sim, costs)
    return document(family, observations, costs or {})


def document(family: Family, observations: list[Observation], costs: Mapping[str, Any]) -> Document:
    """What is saved: everything that was seen, what it comes to, and the answer."""
    cells = compare(family, observations)
    alike, pairs = ranking(family, observations)
    return {
        "experiment": family.name,
        "question": family.question,
        "size": family.size,
        "machine": fingerprint(),
        "costs": dict(costs),
        "observations": [_row(each) for each in observations],
        "comparison": [cell.as_dict() for cell in cells],
        "ranking": {"alike": alike, "pairs": pairs},
        "answer": family.answer([each for each in observations if not each.why_void]),
    }


async def _live(family: Family, repeats: int, console: Console) -> list[Observation]:
    found = []
    with counted(console, f"{family.name}, live", repeats * len(family.variants)) as tell:
        for repeat in range(repeats):  # by turns, so that a machine that changes its speed changes it for all
            for variant in family.variants:
                tell(f"{variant}, repeat {repeat + 1} of {repeats}")
                if (seen := await family.live(variant, repeat)) is not None:
                    found.append(seen)
    return found


def _simulated(family: Family, repeats: int, costs: Mapping[str, Any]) -> list[Observation]:
    jobs = [(variant, repeat) for repeat in range(repeats) for variant in family.variants]
    return list(Parallel(n_jobs=-1)(delayed(family.simulate)(variant, repeat, costs) for variant, repeat in jobs))


def _row(each: Observation) -> dict[str, Any]:
    return {
        "variant": each.variant,
        "engine": each.engine,
        "repeat": each.repeat,
        "values": {name: float(value) for name, value in each.values.items()},
        "facts": dict(each.facts),
        "why_void": each.why_void,
    }
