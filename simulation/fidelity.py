"""How well the model predicts the live server: live runs of the suite, a forecast and a replay of each, one document.

The forecast knows calibrations that were frozen before the first live run: several rounds of probes, since a machine is
not equally fast all the time, and a repeat's forecast takes its costs from one of them. The replay knows the service
times of that very run. Repeats are interleaved (all scenarios once, then all again); a scenario's arrivals are the same
in every repeat and engine, so that live runs differ by the machine alone.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from random import Random
from typing import Any

from simulation.calibration import Calibration
from simulation.engines import live
from simulation.engines.digest import Digest
from simulation.engines.processes import ProcessError
from simulation.engines.set_up import servers
from simulation.engines.simulated import run_simulated
from simulation.machine import speed_probe_s
from simulation.model.costs import Costs
from simulation.replications import in_parallel
from simulation.result import RunResult
from simulation.scenario import Scenario

Say = Callable[[str], None]
Keep = Callable[[], None]
Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Task:
    """One simulation to be run: a forecast's or a replay's; the repeat seeds which of the costs are drawn."""

    scenario: Scenario
    repeat: int
    engine: str
    costs: Costs


async def measure(
    scenarios: Sequence[Scenario], repeats: int, say: Say, frozen: Sequence[Calibration], rows: list[Row], keep: Keep
) -> None:
    """Run all that ``rows`` has no live run of, and add a row for each run of each engine.

    ``say`` hears of each live run; ``keep`` is called when it and what is simulated of it are done, before the next.
    """
    live.pin_self()
    for scenario, repeat in left(scenarios, repeats, rows):
        say(f"{scenario.name}, repeat {repeat + 1} of {repeats}")
        seeded = scenario.changed({"": {"seed": seed_of(scenario)}})
        row, logged = await _live(seeded, repeat)
        costs = frozen[repeat % len(frozen)]
        tasks = [Task(seeded, repeat, "forecast", costs)]
        if logged is not None:
            digest = Digest(seeded, logged.measured, logged.receipts, dict(logged.posted.accepted), [logged.used])
            known = replace(costs, start_s=row["facts"].get("start_s", costs.start_s))
            tasks.append(Task(seeded, repeat, "replay", digest.replay(logged.began_s, known)))
        rows += [row, *await in_parallel(_simulate, [(task,) for task in tasks])]
        keep()


def left(scenarios: Sequence[Scenario], repeats: int, rows: Sequence[Row]) -> list[tuple[Scenario, int]]:
    """The live runs that ``rows`` does not have: all scenarios once, then all again."""
    done = {(row["scenario"], row["repeat"]) for row in rows}
    every = [(scenario, repeat) for repeat in range(repeats) for scenario in scenarios]
    return [(scenario, repeat) for scenario, repeat in every if (scenario.name, repeat) not in done]


def seed_of(scenario: Scenario, repeat: int = 0) -> int:
    """Arrivals of its own for each scenario, and for each repeat that is told, the same in every engine."""
    return Random(f"{scenario.name} {repeat}").randrange(2**31)


async def _live(scenario: Scenario, repeat: int) -> tuple[Row, live.Logged | None]:
    probe_ms = speed_probe_s() * 1000
    try:
        async with servers(scenario, 0, None, lambda _: None) as running:
            result, logged = await live.run_logged(scenario, running, live.Progress())
    except ProcessError as error:
        return {"scenario": scenario.name, "engine": "live", "repeat": repeat, "why_void": str(error)}, None
    return _row(scenario, repeat, "live", result) | {"speed_probe_ms": round(probe_ms, 3)}, logged


def _simulate(task: Task) -> Row:
    return _row(task.scenario, task.repeat, task.engine, run_simulated(task.scenario, task.costs, task.repeat))


def _row(scenario: Scenario, repeat: int, engine: str, result: RunResult) -> Row:
    found = result.as_dict()
    kept = ("latency_ms", "throughput_per_s", "counts", "facts", "why_void")
    return {"scenario": scenario.name, "engine": engine, "repeat": repeat} | {name: found[name] for name in kept}
