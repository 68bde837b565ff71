"""The commands that run a scenario or an experiment, live and simulated: `up`, `run`, `calibrate`."""

import asyncio
from contextlib import suppress
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from reference_impl.failing import fail
from simulation.command import PICTURES, JsonFile, plotted, require_own, run_to_end, writable
from simulation.console import counted
from simulation.engines import live
from simulation.engines.calibrate import AUDIENCES, WINDOWS_MS, calibrate_all
from simulation.engines.calibrate import calibrate as run_calibration
from simulation.experiment import Engine, faultless, run_experiment, save, show
from simulation.experiments.catalogue import FAMILIES
from simulation.experiments.command import calibration_in, experiment_to_end
from simulation.neighbours import warning
from simulation.provenance import Provenance
from simulation.result import RunResult
from simulation.scenario import SUFFIXES, Scenario, ScenarioError, load_scenario, make_scenario, named
from simulation.spelling import did_you_mean
from simulation.sweeping.command import sweep_to_end

PlotFile = Annotated[Path | None, plotted(f"Draw the result into this file: {', '.join(PICTURES)}.")]


def up(
    seconds: Annotated[float | None, typer.Option(help="Length of the measured run. [default: 60]")] = None,
    viewers: Annotated[int | None, typer.Option(help="Synthetic viewers. [default: 200]")] = None,
    trace: Annotated[str | None, typer.Option(help="Recorded chat to replay. [default: twitch-a.jsonl]")] = None,
    speed: Annotated[float | None, typer.Option(help="How much faster than it happened. [default: 10]")] = None,
    window_ms: Annotated[float | None, typer.Option(help="Coalescing window. [default: 20]")] = None,
    delivery: Annotated[str | None, typer.Option(help="raw or plain. [default: raw]")] = None,
    edges: Annotated[
        int | None, typer.Option(help="Edge processes for the viewers; 0: the server alone. [default: 0]")
    ] = None,
    seed: Annotated[int | None, typer.Option(help="Seed of the simulation's draws. [default: 1]")] = None,
    scenario: Annotated[str, typer.Option(help="Scenario (TOML, JSON or a name) that these options change.")] = "up",
    port: Annotated[int, typer.Option(help="Port of the server; 0 takes a free one.", min=0, max=65535)] = 8080,
    data: Annotated[Path | None, typer.Option(help="Keep the log in this directory. [default: thrown away]")] = None,
    json_file: JsonFile = None,
    plot_file: PlotFile = None,
    leave: Annotated[bool, typer.Option("--exit", help="End after the table instead of serving on.")] = False,
) -> None:
    """Watch a recorded chat live, and see the same scenario simulated beside it."""
    changes: dict[str, dict[str, Any]] = {
        "": {"duration_s": seconds, "seed": seed},
        "audience": {"viewers": viewers},
        "workload": {"trace": trace, "speed": speed},
        "system": {"window_ms": window_ms, "delivery": delivery, "edges": edges},
    }
    console = Console()

    async def then(chosen: Scenario, runs: list[RunResult], source: Provenance | None) -> None:
        _finish(chosen, runs, source, console, json_file, plot_file)
        if not leave:
            console.print("Still serving. Ctrl-C ends it.")
            with suppress(asyncio.CancelledError):  # from here on that is the ordinary end
                await asyncio.Event().wait()

    def ready(url: str) -> None:
        console.print(f"Watch it, and join in: [bold]{url}/?stream=demo[/bold]", highlight=False)

    async def main(chosen: Scenario) -> None:
        await run_experiment(
            chosen, Engine.BOTH, console, port=port, data=data, ready=ready,
            then=lambda runs, source: then(chosen, runs, source),
        )  # fmt: skip

    chosen = _scenario(scenario, changes)
    require_own(json_file, "scenario", chosen.name)
    run_to_end(main(chosen))


def run(
    name: Annotated[str, typer.Argument(help="An experiment or a scenario (listed above), or a scenario's file.")],
    engine: Annotated[Engine | None, typer.Option(help="live, sim or both. [default: both; of a sweep sim]")] = None,
    repeat: Annotated[
        int | None, typer.Option(help="Runs of a variant. [default: an experiment's own]", min=1, max=1_000)
    ] = None,
    trace: Annotated[str | None, typer.Option(help="Recorded chat that drives a scenario in both engines.")] = None,
    calibration: Annotated[Path | None, typer.Option(help="Simulate with what was measured earlier.")] = None,
    sweep: Annotated[
        list[str] | None,
        typer.Option(
            help="Run an experiment at these sizes: viewers=100,1000 or viewers=100..10000x10; several make a grid."
        ),
    ] = None,
    dask: Annotated[
        str | None,
        typer.Option(help="Simulate a sweep on this Dask scheduler's workers; local starts a cluster here."),
    ] = None,
    json_file: JsonFile = None,
    plot_file: PlotFile = None,
) -> None:
    """Run an experiment or a scenario in the live engine, in the simulated one, or in both.

    Experiments: fan_out, hot_partition, backpressure, failover, push_vs_pull, delivery_guarantees, caching,
    flash_crowd, degradation, moderation_budget, sampling_and_rooms, consumer_groups, world_cup.

    Scenarios: kill, quick, storm, up.
    """
    console = Console()
    if dask is not None and not sweep:
        fail("--dask is for a sweep: --sweep viewers=100,1000, for instance")
    if name in FAMILIES:
        if trace is not None:
            fail(f"--trace is for a scenario, and {name} is an experiment with arrivals of its own")
        family = FAMILIES[name]()
        require_own(json_file, "sweep" if sweep else "experiment", name)
        if sweep:
            run_to_end(sweep_to_end(
                family, sweep, engine or Engine.SIM, console, repeat=repeat, calibration=calibration, dask=dask,
                json_file=json_file, plot_file=plot_file,
            ))  # fmt: skip
            return
        run_to_end(experiment_to_end(family, engine or Engine.BOTH, console, repeat, calibration, json_file, plot_file))
        return
    if name not in named() and Path(name).suffix not in SUFFIXES:
        fail(_unknown(name))
    if sweep:
        fail(f"--sweep is for an experiment ({', '.join(FAMILIES)}), and {name} is a scenario, which has one size")
    if repeat is not None:
        fail(f"--repeat is for an experiment ({', '.join(FAMILIES)}), and {name} is a scenario, which runs once")
    chosen = _scenario(name, {"workload": {"trace": trace}})
    require_own(json_file, "scenario", chosen.name)
    costs = calibration_in(calibration)

    async def then(runs: list[RunResult], source: Provenance | None) -> None:
        _finish(chosen, runs, source, console, json_file, plot_file)

    run_to_end(run_experiment(chosen, engine or Engine.BOTH, console, calibrated=costs, then=then))


def calibrate(
    file: Annotated[
        Path, typer.Argument(help="Where to write the measured service times, as JSON.", callback=writable)
    ],
    scenario: Annotated[str | None, typer.Option(help="Only for this one's audience and window: faster.")] = None,
) -> None:
    """Measure this machine's service times for the simulation: for audiences from small to large, about 80 s."""
    console = Console()

    async def main() -> None:
        live.pin_self()
        if scenario is not None:
            found = await run_calibration(_scenario(scenario, {}))
        else:
            with counted(console, "calibrating", len(AUDIENCES) * len(WINDOWS_MS)) as tell:
                found = await calibrate_all(_scenario("up", {"system": {"storage": "memory"}}), tell)
        found.save(file)
        if busy := warning(found.machine):
            console.print(busy, highlight=False)

    run_to_end(main())


def _unknown(name: str) -> str:
    return (
        f"there is no {name!r}.{did_you_mean(name, [*FAMILIES, *named()])} "
        f"Experiments: {', '.join(FAMILIES)}; scenarios: {', '.join(named())}; "
        f"or a scenario's file, which ends in {' or '.join(SUFFIXES)}"
    )


def _finish(
    scenario: Scenario,
    runs: list[RunResult],
    source: Provenance | None,
    console: Console,
    json_file: Path | None,
    plot_file: Path | None,
) -> None:
    show(runs, source, console)
    try:
        save(scenario, runs, source, json_file, plot_file)
    except OSError as error:
        fail(f"cannot write the result: {error}")
    if not faultless(runs):
        fail("the run is void, or comments were lost, doubled or out of order: see above")


def _scenario(source: str, changes: dict[str, dict[str, Any]]) -> Scenario:
    """The scenario, with the options that were given put over its fields."""
    try:
        fields = load_scenario(source).model_dump()
        for part, options in changes.items():
            given = {name: value for name, value in options.items() if value is not None}
            (fields[part] if part else fields).update(given)
        return make_scenario(fields, "options")
    except ScenarioError as error:
        fail(str(error))
