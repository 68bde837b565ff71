"""How well the model predicts the live server: live runs of the suite, a forecast and a replay of each, one document.

The forecast knows a calibration that was frozen before the first live run; the replay knows the service times of that
very run. Repeats are interleaved (all scenarios once, then all again), and both engines get the same arrivals.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from random import Random
from typing import Any

from joblib import Parallel, delayed

from simulation.calibration import Calibration
from simulation.engines import live
from simulation.engines.calibrate import calibrate_all
from simulation.engines.digest import Digest
from simulation.engines.processes import ProcessError
from simulation.engines.set_up import servers
from simulation.engines.simulated import run_simulated
from simulation.machine import fingerprint, speed_probe_s
from simulation.model.costs import Costs
from simulation.result import RunResult
from simulation.scenario import Scenario

Say = Callable[[str], None]
Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Task:
    """One simulation to be run: a forecast's or a replay's."""

    scenario: Scenario
    repeat: int
    engine: str
    costs: Costs


async def measure(scenarios: Sequence[Scenario], repeats: int, say: Say, calibration: Calibration | None) -> Row:
    """Run everything; the document has a row for each run of each engine. ``say`` hears of each live run."""
    live.pin_self()
    frozen = calibration or await calibrate_all(scenarios[0], lambda _: None)
    rows: list[Row] = []
    tasks: list[Task] = []
    for repeat in range(repeats):
        for scenario in scenarios:
            say(f"{scenario.name}, repeat {repeat + 1} of {repeats}")
            seeded = scenario.changed({"": {"seed": seed_of(scenario, repeat)}})
            row, logged = await _live(seeded, repeat)
            rows.append(row)
            tasks.append(Task(seeded, repeat, "forecast", frozen))
            if logged is not None:
                digest = Digest(seeded, logged.measured, logged.receipts, dict(logged.posted.accepted))
                known = replace(frozen, start_s=row["facts"].get("start_s", frozen.start_s))
                tasks.append(Task(seeded, repeat, "replay", digest.replay(logged.began_s, known)))
    rows += Parallel(n_jobs=-1)(delayed(_simulate)(task) for task in tasks)
    return {
        "machine": fingerprint(),
        "calibrated_on": frozen.machine,
        "scenarios": [scenario.model_dump(mode="json") for scenario in scenarios],
        "repeats": repeats,
        "runs": rows,
    }


def seed_of(scenario: Scenario, repeat: int) -> int:
    """Arrivals of its own for each scenario and repeat, the same in every engine."""
    return Random(f"{scenario.name} {repeat}").randrange(2**31)


async def _live(scenario: Scenario, repeat: int) -> tuple[Row, live.Logged | None]:
    probe_ms = speed_probe_s() * 1000
    try:
        async with servers(scenario, 0, None, lambda _: None) as running:
            result, logged = await live.run_logged(scenario, running, live.Progress())
    except ProcessError as error:
        return {"scenario": scenario.name, "engine": "live", "repeat": repeat, "why_void": str(error)[-300:]}, None
    return _row(scenario, repeat, "live", result) | {"speed_probe_ms": round(probe_ms, 3)}, logged


def _simulate(task: Task) -> Row:
    return _row(task.scenario, task.repeat, task.engine, run_simulated(task.scenario, task.costs))


def _row(scenario: Scenario, repeat: int, engine: str, result: RunResult) -> Row:
    found = result.as_dict()
    kept = ("latency_ms", "throughput_per_s", "counts", "facts", "why_void")
    return {"scenario": scenario.name, "engine": engine, "repeat": repeat} | {name: found[name] for name in kept}
