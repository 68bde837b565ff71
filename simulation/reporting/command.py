"""``livecomments report``: how well the model predicts this machine, measured anew, on one page."""

from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from reference_impl.failing import fail
from simulation import fidelity_plot
from simulation.command import plotted, run_to_end, writable
from simulation.console import counted
from simulation.experiments.command import calibration_in
from simulation.record import OtherRecordError
from simulation.reporting.measuring import Measuring, missing
from simulation.reporting.page import print_all, write
from simulation.reporting.plan import FULL, QUICK, Plan, chosen
from simulation.reporting.record import Record, begun
from simulation.suite import PARTS

SCORED = ["held_out"]


def report(
    quick: Annotated[
        bool, typer.Option("--quick", help="A quarter of the suite, four experiments once: under 10 minutes.")
    ] = False,
    part: Annotated[
        list[str], typer.Option(help=f"Of the suite: {', '.join(PARTS)}; more than once for several.")
    ] = SCORED,
    only: Annotated[str, typer.Option(help="Only scenarios and experiments whose name contains this.")] = "",
    experiments: Annotated[bool, typer.Option(help="Run the experiments, too, or the suite alone.")] = True,
    repeats: Annotated[
        int | None, typer.Option(help="Live runs of each scenario. [default: 7, quick 2]", min=2)
    ] = None,
    seconds: Annotated[float | None, typer.Option(help="Length of each. [default: 20, quick 4]", min=2)] = None,
    calibration: Annotated[
        Path | None, typer.Option(help="Forecast the suite with this one instead of measuring first.")
    ] = None,
    json_file: Annotated[
        Path | None,
        typer.Option(
            "--json",
            help="Keep everything in this file, run by run; if one ends early, the next goes on.",
            callback=writable,
        ),
    ] = None,
    page_file: Annotated[
        Path | None,
        typer.Option("--page", help="Write it to this file as Markdown, with pictures beside it.", callback=writable),
    ] = None,
    plot_file: Annotated[Path | None, plotted("Draw every scenario into this PNG file.")] = None,
) -> None:
    """Measure how well the model predicts the live server, in a suite of scenarios and in every experiment.

    Ctrl-C ends it with a report of what has been measured. With --json the same command goes on from there.
    """
    if unknown := [each for each in part if each not in PARTS]:
        fail(f"--part: {' or '.join(PARTS)} is allowed, got {unknown[0]!r}")
    size = QUICK if quick else FULL
    size = replace(size, repeats=repeats or size.repeats, seconds=seconds or size.seconds)
    plan = chosen(part, size, only, experiments, str(calibration or ""))
    if not (plan.scenarios or plan.experiments):
        fail(f"--only: no scenario of {' or '.join(part)} and no experiment has {only!r} in its name")
    console, given = Console(), calibration_in(calibration)
    record = _begun(plan, json_file)
    measuring = Measuring(plan, record, given)
    if record.runs or record.experiments:
        console.print(f"Going on with what {json_file} holds.")

    async def main() -> None:
        try:
            with counted(console, "report", measuring.steps) as tell:
                await measuring.run(tell)
        finally:
            _tell(plan, record, console, page_file, plot_file)

    run_to_end(main())


def _begun(plan: Plan, json_file: Path | None) -> Record:
    try:
        record = begun(plan, json_file)
        if json_file is not None and not json_file.exists():
            record.save()  # what cannot be written is told before the measurement
    except (OtherRecordError, OSError) as error:
        fail(f"cannot report: {error}")
    return record


def _tell(plan: Plan, record: Record, console: Console, page_file: Path | None, plot_file: Path | None) -> None:
    """Show and write what there is, all of it or not."""
    lacking = missing(plan, record)
    print_all(record.document, lacking, console)
    try:
        if page_file is not None:
            write(record.document, lacking, page_file)
        if plot_file is not None and record.runs:
            fidelity_plot.plot(record.document, plot_file)
    except OSError as error:
        fail(f"cannot write the report: {error}")
