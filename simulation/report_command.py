"""``livecomments report``: how well the model predicts this machine, measured anew."""

import json
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from reference_impl.cli import fail
from simulation.command import JsonFile, run_to_end
from simulation.console import counted, step
from simulation.experiments.command import calibration_in
from simulation.fidelity import measure
from simulation.fidelity_page import markdown, plot, tables
from simulation.suite import PARTS, suite

FULL = (7, 20.0, 1)  # repeats, seconds, and of the scenarios every so-manieth
QUICK = (2, 8.0, 4)


def report(
    quick: Annotated[bool, typer.Option("--quick", help="A quarter of it all: under 10 minutes.")] = False,
    part: Annotated[str, typer.Option(help="Of the suite: held_out, or training.")] = "held_out",
    only: Annotated[str, typer.Option(help="Only scenarios whose name contains this.")] = "",
    repeats: Annotated[
        int | None, typer.Option(help="Live runs of each scenario. [default: 7, quick 2]", min=2)
    ] = None,
    seconds: Annotated[float | None, typer.Option(help="Length of each. [default: 20, quick 8]", min=2)] = None,
    calibration: Annotated[Path | None, typer.Option(help="Forecast with this one instead of measuring first.")] = None,
    json_file: JsonFile = None,
    page_file: Annotated[
        Path | None, typer.Option("--page", help="Write the tables to this file, as Markdown.")
    ] = None,
    plot_file: Annotated[Path | None, typer.Option("--plot", help="Draw every scenario into this PNG file.")] = None,
) -> None:
    """Measure how well the model predicts the live server: forecast, replay, noise, and what one live run would say."""
    if part not in PARTS:
        fail(f"--part: {' or '.join(PARTS)} is allowed, got {part!r}")
    times, length_s, every = QUICK if quick else FULL
    chosen = [each for each in suite(part, seconds or length_s) if only in each.name]
    if not chosen:
        fail(f"--only: no scenario of {part} has {only!r} in its name")
    scenarios, times = chosen if only else chosen[::every], repeats or times
    console, costs = Console(), calibration_in(calibration)

    async def main() -> None:
        with counted(console, "report", times * len(scenarios)) as tell, step(console, "Measured"):
            document = await measure(scenarios, times, tell, costs)
        console.print(*tables(document))
        _save(document, json_file, page_file, plot_file)

    run_to_end(main())


def _save(document: dict[str, Any], json_file: Path | None, page_file: Path | None, plot_file: Path | None) -> None:
    try:
        if json_file is not None:
            json_file.write_text(json.dumps(document) + "\n")
        if page_file is not None:
            page_file.write_text(markdown(document) + "\n")
        if plot_file is not None:
            plot(document, plot_file)
    except OSError as error:
        fail(f"cannot write the report: {error}")
