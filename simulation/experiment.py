"""One scenario through either engine or both: calibrate, run live, simulate, compare."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from enum import Enum
from pathlib import Path
from threading import Thread
from typing import Any, TypeVar

from rich.console import Console

from simulation import console as screen
from simulation.calibration import REFERENCE, Calibration
from simulation.engines import live, processes
from simulation.engines.calibrate import calibrate
from simulation.engines.running import Running
from simulation.engines.set_up import servers
from simulation.engines.simulated import run_simulated
from simulation.live_console import live_progress
from simulation.machine import fingerprint, in_words
from simulation.provenance import MEASURED, SHIPPED, Provenance
from simulation.report import plot_latencies, tables
from simulation.result import RunResult, as_document, keep
from simulation.scenario import Scenario
from simulation.trace import schedule

Calibrated = tuple[Calibration, Provenance]
T = TypeVar("T")


class Engine(Enum):
    LIVE = "live"
    SIM = "sim"
    BOTH = "both"


async def run_experiment(
    scenario: Scenario,
    engine: Engine,
    console: Console,
    *,
    port: int = 0,
    data: Path | None = None,
    calibrated: Calibrated | None = None,
    ready: Callable[[str], None] = lambda url: None,
    then: Callable[[list[RunResult], Provenance | None], Awaitable[None]],
) -> None:
    """Run a scenario and call ``then`` with the results, while the live server, if there is one, is still up.

    ``then`` also gets where the costs of the simulation came from, if there was one. A server that ends before all of
    this is done ends it with a ProcessError.
    """
    schedule(scenario)  # a missing trace is told before anything is started
    processes.require_free("127.0.0.1", port)
    live.pin_self()
    if engine is Engine.SIM and calibrated is None:
        calibrated = reference(console)
    if engine is Engine.BOTH and calibrated is None:
        with screen.step(console, "Calibrating: short probes of a server of its own"):
            found = await calibrate(scenario)
            calibrated = found, Provenance(MEASURED, found.machine)
    if engine is Engine.SIM:
        await then(*await _simulate(scenario, calibrated, console))
        return

    async def beside(running: Running) -> None:
        ready(running.edges[0] if running.edges else running.url)
        with live_progress(console, scenario) as progress:
            runs = [await live.run_live(scenario, running, progress)]
        source = None
        if engine is Engine.BOTH:
            simulated, source = await _simulate(scenario, calibrated, console)
            runs += simulated
        await then(runs, source)

    async with servers(scenario, port, data, console.print) as running:
        await running.ends.meanwhile(beside(running))


def reference(console: Console) -> Calibrated:
    """The shipped calibration, which is another machine's as a rule; what was used is told."""
    found = Calibration.load(REFERENCE)
    machine = in_words(found.machine)
    console.print(f"Simulating with the shipped calibration, of {machine}; --calibration FILE takes another.")
    return found, Provenance(SHIPPED, found.machine)


def show(runs: list[RunResult], source: Provenance | None, console: Console) -> None:
    """Print the comparison, or the one run there is, and what was simulated with."""
    for run in runs:
        if not run.valid:
            console.print(f"[bold red]The {run.engine} run is void:[/] {run.why_void}. Its figures prove nothing.")
    console.print(*tables(runs))
    if source is not None:
        console.print(f"{source}", highlight=False)


def save(
    scenario: Scenario,
    runs: list[RunResult],
    source: Provenance | None,
    json_file: Path | None,
    plot_file: Path | None,
) -> None:
    """Write what was asked for; OSError says why it cannot be."""
    if json_file is not None:
        document = as_document(scenario, runs, fingerprint()) | {"calibration": source and source.as_dict()}
        keep(document, json_file)
    if plot_file is not None:
        plot_latencies(scenario, runs, plot_file)


def faultless(runs: list[RunResult]) -> bool:
    """Whether every run counts, and nothing was lost, doubled or out of order."""
    return all(run.valid and not any(run.counts[name] for name in ("lost", "duplicated", "reordered")) for run in runs)


async def _simulate(
    scenario: Scenario, calibrated: Calibrated | None, console: Console
) -> tuple[list[RunResult], Provenance]:
    assert calibrated is not None
    calibration, source = calibrated
    with screen.step(console, "Simulating the same scenario"):
        return [await _aside(run_simulated, scenario, calibration)], source


async def _aside(function: Callable[..., T], *arguments: object) -> T:
    """Call it in a thread of its own, which nobody waits for who is called off: it ends with the process."""
    loop = asyncio.get_running_loop()
    done: asyncio.Future[T] = loop.create_future()

    def tell(set_: Callable[[Any], None], what: object) -> None:
        if not done.done():
            set_(what)

    def call() -> None:
        with suppress(RuntimeError):  # of a loop that was closed meanwhile
            try:
                loop.call_soon_threadsafe(tell, done.set_result, function(*arguments))
            except Exception as error:
                loop.call_soon_threadsafe(tell, done.set_exception, error)

    Thread(target=call, daemon=True).start()
    return await done
