"""The `livecomments` command line: the server's commands, and those that measure and simulate it."""

import asyncio
import json
import signal
from collections.abc import Coroutine, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from reference_impl.cli import fail, migrate, serve
from simulation.bench import fanout as fanout_bench
from simulation.bench import fanout_rows
from simulation.bench import ingest as ingest_bench
from simulation.bench.ingest import bench_ingest
from simulation.calibration import Calibration
from simulation.engines.calibrate import calibrate as run_calibration
from simulation.engines.processes import ProcessError
from simulation.experiment import Engine, faultless, run_experiment, save, show
from simulation.result import RunResult
from simulation.scenario import Scenario, ScenarioError, load_scenario, make_scenario

app = typer.Typer(
    help="A live-comment server, and the simulation that is measured against it.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.command()(serve)
app.command()(migrate)
bench = typer.Typer(help="Benchmarks of the real server.", no_args_is_help=True)
app.add_typer(bench, name="bench")

JsonFile = Annotated[Path | None, typer.Option("--json", help="Write the result to this file.")]
PlotFile = Annotated[Path | None, typer.Option("--plot", help="Draw the latency distributions into this PNG file.")]


@app.command()
def up(
    seconds: Annotated[float | None, typer.Option(help="Length of the measured run. [default: 60]")] = None,
    viewers: Annotated[int | None, typer.Option(help="Synthetic viewers. [default: 200]")] = None,
    trace: Annotated[str | None, typer.Option(help="Recorded chat to replay. [default: twitch-a.jsonl]")] = None,
    speed: Annotated[float | None, typer.Option(help="How much faster than it happened. [default: 10]")] = None,
    window_ms: Annotated[float | None, typer.Option(help="Coalescing window. [default: 20]")] = None,
    delivery: Annotated[str | None, typer.Option(help="raw or plain. [default: raw]")] = None,
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
        "system": {"window_ms": window_ms, "delivery": delivery},
    }
    console = Console()

    async def then(chosen: Scenario, runs: list[RunResult]) -> None:
        _finish(chosen, runs, console, json_file, plot_file)
        if not leave:
            console.print("Still serving. Ctrl-C ends it.")
            with suppress(asyncio.CancelledError):  # from here on that is the ordinary end
                await asyncio.Event().wait()

    def ready(url: str) -> None:
        console.print(f"Watch it, and join in: [bold]{url}/?stream=demo[/bold]", highlight=False)

    async def main(chosen: Scenario) -> None:
        await run_experiment(
            chosen, Engine.BOTH, console, port=port, data=data, ready=ready, then=lambda runs: then(chosen, runs)
        )

    _run(main(_scenario(scenario, changes)))


@app.command()
def run(
    scenario: Annotated[str, typer.Argument(help="A scenario file (TOML or JSON), or the name of a shipped one.")],
    engine: Annotated[Engine, typer.Option(help="live, sim or both.")] = Engine.BOTH,
    calibration: Annotated[Path | None, typer.Option(help="Simulate with this calibration.")] = None,
    json_file: JsonFile = None,
    plot_file: PlotFile = None,
) -> None:
    """Run a scenario in the live engine, in the simulated one, or in both."""
    console = Console()
    chosen = _scenario(scenario, {})
    costs = _calibration(calibration, chosen)

    async def then(runs: list[RunResult]) -> None:
        _finish(chosen, runs, console, json_file, plot_file)

    _run(run_experiment(chosen, engine, console, calibration=costs, then=then))


@app.command()
def calibrate(
    file: Annotated[Path, typer.Argument(help="Where to write the measured service times, as JSON.")],
    scenario: Annotated[str, typer.Option(help="Scenario whose audience and set-up are used.")] = "up",
) -> None:
    """Measure this machine's service times for the simulation."""

    async def main() -> None:
        (await run_calibration(_scenario(scenario, {}))).save(file)

    _run(main())


@bench.command()
def ingest(
    log: Annotated[
        str, typer.Option(help="postgresql://… to measure that instead of SQLite; a database of its own.")
    ] = "",
    stored: Annotated[str, typer.Option(help="Sizes of the log to measure at.")] = "10000,100000,1000000",
    seconds: Annotated[float, typer.Option(help="Length of each measurement.", min=1, max=600)] = 6.0,
    data: Annotated[Path | None, typer.Option(help="Keep the log here. [default: thrown away]")] = None,
    json_file: JsonFile = None,
    plot_file: Annotated[Path | None, typer.Option("--plot", help="Draw cost against size into this PNG file.")] = None,
) -> None:
    """How many comments a server on one core takes, how fast it answers, and what each costs, as its log grows."""
    console = Console()
    sizes = _sizes(stored)

    async def main() -> None:
        rows = await bench_ingest(log, sizes, seconds, data, lambda text: console.print(f"[dim]{text}[/dim]"))
        console.print(ingest_bench.table(rows))
        if json_file:
            json_file.write_text(json.dumps(ingest_bench.document(rows), indent=1) + "\n")
        if plot_file:
            ingest_bench.plot(rows, plot_file)

    _run(main())


@bench.command()
def fanout(
    server: Annotated[str, typer.Option(help="Servers to measure.")] = ",".join(fanout_bench.SERVERS),
    transport: Annotated[str, typer.Option(help="sse, websocket or both.")] = "sse,websocket",
    viewers: Annotated[str, typer.Option(help="Sizes of the audience.")] = "1000,5000",
    window_ms: Annotated[str, typer.Option(help="Coalescing windows.")] = "0,20",
    seconds: Annotated[float, typer.Option(help="Length of each measurement.", min=1, max=600)] = 5.0,
    runs: Annotated[int, typer.Option(help="Rounds; a row is their median.", min=1, max=50)] = 5,
    most: Annotated[bool, typer.Option("--most", help="Look for the most deliveries/s with a window, too.")] = False,
    socketio: Annotated[Path | None, typer.Option(help="Folder in which `npm install socket.io` was run.")] = None,
    json_file: JsonFile = None,
    plot_file: Annotated[Path | None, typer.Option("--plot", help="Draw the cost of a delivery into this PNG.")] = None,
) -> None:
    """What a delivery costs a server on one core, beside a bare loop of send() and beside other servers."""
    console = Console()
    cases = fanout_bench.cases(
        _chosen("--server", server, fanout_bench.SERVERS),
        _chosen("--transport", transport, ("sse", "websocket")),
        [round(each) for each in _numbers("--viewers", viewers, 1, 20_000)],
        _numbers("--window-ms", window_ms, 0, 1_000),
    )

    async def main() -> None:
        measure = fanout_bench.FanOutBench(seconds, socketio, lambda text: console.print(f"[dim]{text}[/dim]"))
        rows = await measure.rounds(cases, runs)
        console.print(fanout_rows.table(rows))
        windowed = [case for case in cases if case.server == "livecomments" and case.window_ms]
        best = [(case, await measure.most(case)) for case in windowed] if most else []
        if json_file:
            json_file.write_text(json.dumps(fanout_rows.document(rows, best), indent=1) + "\n")
        if plot_file:
            fanout_rows.plot(rows, plot_file)
        if not all(row.valid for row in rows):
            fail("some rows have no run that counts: see their runs in the JSON")

    _run(main())


def _chosen(option: str, text: str, allowed: Sequence[str]) -> list[str]:
    names = text.split(",")
    if unknown := [name for name in names if name not in allowed]:
        fail(f"{option} takes {', '.join(allowed)}, with commas between them; got {unknown[0]!r}")
    return names


def _numbers(option: str, text: str, least: float, most: float) -> list[float]:
    try:
        numbers = [float(part) for part in text.split(",")]
    except ValueError:
        fail(f"{option} takes numbers with commas between them, got {text!r}")
    if not all(least <= number <= most for number in numbers):
        fail(f"{option} takes numbers from {least:g} to {most:g}, got {text!r}")
    return numbers


def _sizes(text: str) -> list[int]:
    try:
        sizes = [int(part.replace("_", "")) for part in text.split(",")]
    except ValueError:
        fail(f"--stored takes numbers with commas between them, got {text!r}")
    if not all(100 <= size <= 100_000_000 for size in sizes):
        fail(f"--stored takes sizes from 100 to 100,000,000, got {text!r}")
    return sizes


def _finish(scenario: Scenario, runs: list[RunResult], console: Console, json_: Path | None, plot: Path | None) -> None:
    show(runs, console)
    try:
        save(scenario, runs, json_, plot)
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


def _calibration(path: Path | None, scenario: Scenario) -> Calibration | None:
    if path is None:
        return None
    try:
        costs = Calibration.load(path)
    except (OSError, ValueError, KeyError, TypeError) as error:
        fail(f"cannot use the calibration {path}: {error!r}")
    if costs.viewers != scenario.audience.viewers:
        fail(f"{path} was measured with {costs.viewers} viewers, the scenario has {scenario.audience.viewers}")
    return costs


def _run(main: Coroutine[Any, Any, None]) -> None:
    """Run to the end; Ctrl-C, SIGTERM and a closed terminal end it early, with every process it started."""

    async def guarded() -> None:
        task = asyncio.current_task()
        assert task is not None
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            asyncio.get_running_loop().add_signal_handler(number, task.cancel)
        await main

    try:
        asyncio.run(guarded())
    except (ProcessError, ScenarioError) as error:
        fail(str(error))
    except asyncio.CancelledError:
        raise typer.Exit(130) from None


def main() -> None:
    app(prog_name="livecomments")


if __name__ == "__main__":
    main()
