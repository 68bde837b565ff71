"""``livecomments bench``: benchmarks of the real server, and of its model."""

import json
from collections.abc import Callable, Coroutine
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any, TypeVar

import typer
from rich.console import Console

from reference_impl.failing import fail
from simulation.bench import arguments, display_rows, endurance, fanout_rows
from simulation.bench import display as display_bench
from simulation.bench import edges as edges_bench
from simulation.bench import fanout as fanout_bench
from simulation.bench import hot_log as hot_bench
from simulation.bench import ingest as ingest_bench
from simulation.bench import partitions as partitions_bench
from simulation.bench import recent as recent_bench
from simulation.bench import segments as segments_bench
from simulation.bench.ingest import bench_ingest
from simulation.bench.sim_command import sim
from simulation.command import JsonFile, plotted, require_programs, run_to_end
from simulation.engines import live
from simulation.engines.nginx import NoNginx
from simulation.machine import measured
from simulation.result import keep

bench = typer.Typer(help="Benchmarks of the real server, and of its model.", no_args_is_help=True)
bench.command()(sim)

Endured = TypeVar("Endured", endurance.Soak, endurance.Drain)


@bench.command()
def ingest(
    log: Annotated[
        str, typer.Option(help="postgresql://… to measure that instead of SQLite; a database of its own.")
    ] = "",
    stored: Annotated[str, typer.Option(help="Sizes of the log to measure at.")] = "10000,100000,1000000",
    seconds: Annotated[float, typer.Option(help="Length of each measurement.", min=1, max=600)] = 6.0,
    data: Annotated[Path | None, typer.Option(help="Keep the log here. [default: thrown away]")] = None,
    json_file: JsonFile = None,
    plot_file: Annotated[Path | None, plotted("Draw cost against size into this PNG file.")] = None,
) -> None:
    """How many comments a server on one core takes, how fast it answers, and what each costs, as its log grows."""
    console = Console()
    sizes = arguments.sizes(stored)

    async def main() -> None:
        rows = await bench_ingest(log, sizes, seconds, data, lambda text: console.print(f"[dim]{text}[/dim]"))
        console.print(ingest_bench.table(rows))
        keep(measured(rows), json_file)
        if plot_file:
            ingest_bench.plot(rows, plot_file)

    run_to_end(main())


@bench.command()
def fanout(
    server: Annotated[
        str,
        typer.Option(
            help=f"Only some, with commas between them, of {', '.join(fanout_bench.SERVERS)}.", show_default="all"
        ),
    ] = ",".join(fanout_bench.SERVERS),
    transport: Annotated[str, typer.Option(help="sse, websocket or both.")] = "sse,websocket",
    viewers: Annotated[str, typer.Option(help="Sizes of the audience.")] = "1000,5000",
    window_ms: Annotated[str, typer.Option(help="Coalescing windows.")] = "0,20",
    seconds: Annotated[float, typer.Option(help="Length of each measurement.", min=1, max=60)] = 5.0,
    runs: Annotated[int, typer.Option(help="Rounds; a row is their median.", min=1, max=50)] = 5,
    most: Annotated[bool, typer.Option("--most", help="Look for the most deliveries/s with a window, too.")] = False,
    socketio: Annotated[Path | None, typer.Option(help="Folder in which `npm install socket.io` was run.")] = None,
    json_file: JsonFile = None,
    plot_file: Annotated[Path | None, plotted("Draw the cost of a delivery into this PNG.")] = None,
) -> None:
    """What a delivery costs a server on one core, beside a bare loop of send() and beside other servers."""
    console = Console()
    cases = fanout_bench.cases(
        arguments.chosen("--server", server, fanout_bench.SERVERS),
        arguments.chosen("--transport", transport, ("sse", "websocket")),
        [round(each) for each in arguments.numbers("--viewers", viewers, 1, 20_000)],
        arguments.numbers("--window-ms", window_ms, 0, 1_000),
    )

    async def main() -> None:
        measure = fanout_bench.FanOutBench(seconds, socketio, lambda text: console.print(f"[dim]{text}[/dim]"))
        rows = await measure.rounds(cases, runs)
        console.print(fanout_rows.table(rows))
        windowed = [case for case in cases if case.server == "livecomments" and case.window_ms]
        best = [(case, await measure.most(case)) for case in windowed] if most else []
        keep(fanout_rows.document(rows, best), json_file)
        if plot_file:
            fanout_rows.plot(rows, plot_file)
        if not all(row.valid for row in rows):
            fail("some rows have void runs only: their runs in the JSON say why")

    run_to_end(main())


@bench.command()
def soak(
    viewers: Annotated[int, typer.Option(help="Viewers at a time.", min=1, max=20_000)] = 15_000,
    seconds: Annotated[float, typer.Option(help="How long.", min=1, max=86_400)] = 600.0,
    rate: Annotated[float, typer.Option(help="Comments a second.", min=0.1, max=1_000)] = 2.0,
    json_file: JsonFile = None,
    plot_file: Annotated[Path | None, plotted("Draw memory over time into this PNG.")] = None,
) -> None:
    """A large crowd for a long time: does the server's memory stay flat, and does everybody get everything once?"""
    _endure(lambda: endurance.soak(viewers, seconds, rate, arguments.dim), endurance.plot_soak, json_file, plot_file)


@bench.command()
def drain(
    viewers: Annotated[int, typer.Option(help="Viewers that change servers.", min=1, max=20_000)] = 5_000,
    per_s: Annotated[float, typer.Option(help="Viewers sent over in a second.", min=1, max=10_000)] = 500.0,
    rate: Annotated[float, typer.Option(help="Comments a second.", min=0.1, max=1_000)] = 10.0,
    json_file: JsonFile = None,
    plot_file: Annotated[Path | None, plotted("Draw who came back when into this PNG.")] = None,
) -> None:
    """Replace a server under its viewers: do they come back at the slots it assigned, and do they miss anything?"""
    _endure(lambda: endurance.drain(viewers, per_s, rate, arguments.dim), endurance.plot_drain, json_file, plot_file)


@bench.command()
def display(
    viewers: Annotated[int, typer.Option(help="Viewers of one stream.", min=2, max=20_000)] = 5_000,
    rate: Annotated[float, typer.Option(help="Comments a second.", min=30, max=10_000)] = 2_000.0,
    seconds: Annotated[float, typer.Option(help="Length of each measurement.", min=2, max=600)] = 20.0,
    json_file: JsonFile = None,
    plot_file: Annotated[Path | None, plotted("Draw bytes per viewer into this PNG.")] = None,
) -> None:
    """What a crowd is shown of a stream that nobody could read, with and without rooms: bytes, fairness, deletions."""

    async def main() -> None:
        rows = await display_bench.bench_display(viewers, rate, seconds, arguments.dim)
        Console().print(display_rows.table(rows))
        keep(measured(rows), json_file)
        if plot_file:
            display_rows.plot(rows, plot_file)
        if not display_rows.faultless(rows):
            fail("some viewers could not account for every comment: see above")

    run_to_end(main())


@bench.command()
def segments(
    pollers: Annotated[str, typer.Option(help="Sizes of the crowd.")] = "100,500,2000",
    seconds: Annotated[float, typer.Option(help="Length of each measurement.", min=8, max=600)] = 20.0,
    json_file: JsonFile = None,
    plot_file: Annotated[Path | None, plotted("Draw requests/s into this PNG.")] = None,
) -> None:
    """A crowd that polls cached segments through nginx: what of it reaches the server, and how late comments are."""
    sizes = [round(each) for each in arguments.numbers("--pollers", pollers, 1, 10_000)]

    async def main() -> None:
        try:
            rows = await segments_bench.bench_segments(sizes, seconds, arguments.dim)
        except NoNginx as error:
            fail(str(error))
        Console().print(segments_bench.table(rows))
        keep(measured(rows), json_file)
        if plot_file:
            segments_bench.plot(rows, plot_file)
        if any(row.missed for row in rows):
            fail("some pollers missed comments: see above")

    run_to_end(main())


@bench.command()
def partitions(
    strategies: Annotated[
        str,
        typer.Option(
            help=f"Only some, with commas between them, of {', '.join(partitions_bench.STRATEGIES)}.",
            show_default="all",
        ),
    ] = ",".join(partitions_bench.STRATEGIES),
    partitions: Annotated[int, typer.Option(help="Databases of the log.", min=2, max=64)] = 4,
    streams: Annotated[int, typer.Option(help="One of them viral, the others by Zipf.", min=2, max=10_000)] = 64,
    rate: Annotated[float, typer.Option(help="Comments a second, of all streams.", min=1, max=20_000)] = 1_000.0,
    row_us: Annotated[str, typer.Option(help="What a row costs its partition, besides.")] = "0,1000",
    seconds: Annotated[float, typer.Option(help="Length of each measurement.", min=1, max=600)] = 6.0,
    runs: Annotated[int, typer.Option(help="Rounds; a row is their median.", min=1, max=50)] = 3,
    json_file: JsonFile = None,
    plot_file: Annotated[Path | None, plotted("Draw append p99 and skew into this PNG.")] = None,
) -> None:
    """One viral stream over a log in several partitions: what each strategy costs, and what it gives."""
    chosen = arguments.chosen("--strategies", strategies, partitions_bench.STRATEGIES)
    plan = partitions_bench.Plan(
        partitions=partitions, streams=streams, per_s=rate, seconds=seconds, runs=runs,
        row_us=tuple(arguments.numbers("--row-us", row_us, 0, 100_000)),
    )  # fmt: skip

    async def main() -> None:
        rows = await partitions_bench.bench_partitions(chosen, plan, arguments.dim)
        for table in partitions_bench.tables(rows):
            Console().print(table)
        keep(measured(rows, plan=asdict(plan)), json_file)
        if plot_file:
            partitions_bench.plot(rows, plot_file)

    run_to_end(main())


@bench.command()
def hot(
    seconds: Annotated[float, typer.Option(help="Length of each measurement.", min=1, max=600)] = 3.0,
    runs: Annotated[int, typer.Option(help="Times everything is measured.", min=1, max=50)] = 3,
    json_file: JsonFile = None,
) -> None:
    """What the hot window of one Redis takes, beside redis-benchmark's figures for the same commands.

    It needs both redis-server and redis-benchmark (apt-get install redis-server brings both).
    """
    require_programs("bench hot", *hot_bench.PROGRAMS, package="redis-server")

    async def main() -> None:
        live.pin_self()
        rows = await hot_bench.bench_hot(seconds, runs, arguments.dim)
        Console().print(hot_bench.table(rows))
        keep(measured(rows, seconds=seconds, runs=runs), json_file)

    run_to_end(main())


@bench.command()
def recent(
    seconds: Annotated[float, typer.Option(help="Length of each measurement.", min=1, max=600)] = 6.0,
    runs: Annotated[int, typer.Option(help="Rounds; a row is their median.", min=1, max=50)] = 3,
    pages: Annotated[float, typer.Option(help="Pages a second beside the chat.", min=1, max=5_000)] = 300.0,
    posts: Annotated[float, typer.Option(help="Posts a second of the last measurement.", min=1, max=5_000)] = 300.0,
    speed: Annotated[float, typer.Option(help="How much faster the chat goes than it happened.", min=1)] = 20.0,
    json_file: JsonFile = None,
) -> None:
    """Pages of a stream from the log, and from a cache of its newest comments: pages/s, hits, and what posts pay."""
    plan = recent_bench.Plan(seconds=seconds, runs=runs, pages_per_s=pages, posts_per_s=posts, speed=speed)

    async def main() -> None:
        live.pin_self()
        rows = await recent_bench.bench_recent(plan, arguments.dim)
        Console().print(recent_bench.table(rows))
        keep(measured(rows, plan=asdict(plan)), json_file)

    try:
        run_to_end(main())
    except recent_bench.NoRedis as error:
        fail(str(error))


@bench.command()
def edges(
    numbers: Annotated[str, typer.Option("--edges", help="Edge processes; 0 is the server alone.")] = "0,1,2",
    viewers: Annotated[int, typer.Option(help="Synthetic viewers.", min=1, max=10_000)] = 500,
    speed: Annotated[float, typer.Option(help="How much faster the chat goes than it happened.", min=1)] = 40.0,
    seconds: Annotated[float, typer.Option(help="Length of each measurement.", min=5, max=600)] = 20.0,
    json_file: JsonFile = None,
) -> None:
    """The same crowd at the server alone and at edges: deliveries/s and latency."""
    counts = [round(each) for each in arguments.numbers("--edges", numbers, 0, 8)]

    async def main() -> None:
        rows = await edges_bench.bench_edges(counts, viewers, speed, seconds, arguments.dim)
        Console().print(edges_bench.table(rows))
        keep(measured(rows), json_file)
        if any(row.faults for row in rows):
            fail("some viewers missed comments or got them twice: see above")

    run_to_end(main())


def _endure(
    run: Callable[[], Coroutine[Any, Any, Endured]],
    plot: Callable[[Endured, Path], None],
    json_: Path | None,
    picture: Path | None,
) -> None:
    async def main() -> None:
        found = await run()
        Console().print_json(json.dumps(found.counts))
        keep(endurance.document(found), json_)
        if picture:
            plot(found, picture)
        if not endurance.faultless(found):
            fail("comments were lost, doubled, skipped or out of order: see above")

    run_to_end(main())
