"""What `run NAME` does with an experiment, and where it takes a calibration from."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rich.console import Console

from reference_impl.cli import fail
from simulation.calibration import Calibration
from simulation.experiment import Engine
from simulation.experiments.family import Family, Pictured
from simulation.experiments.running import Document, run_family
from simulation.experiments.showing import plot, table

RESULTS = Path(__file__).parents[1] / "results"
Costs = Mapping[str, Any]
ENGINES = {Engine.LIVE: ("live",), Engine.SIM: ("sim",), Engine.BOTH: ("live", "sim")}


async def experiment_to_end(
    family: Family,
    engine: Engine,
    console: Console,
    repeat: int | None,
    calibration: Path | None,
    json_file: Path | None,
    plot_file: Path | None,
) -> None:
    """Run it, print table and answer, and write what was asked for; a void run is told and counts for nothing."""
    shipped = RESULTS / f"{family.name}.json"
    if engine is Engine.SIM and calibration is None and shipped.exists():
        console.print(
            f"Simulating with the shipped costs of {family.name}; --calibration FILE takes those of another run."
        )
        calibration = shipped
    costs = _costs_in(calibration)
    document = await run_family(family, console, engines=ENGINES[engine], repeats=repeat, costs=costs)
    for each in document["observations"]:
        if each["why_void"]:
            console.print(f"[bold red]Void:[/] {each['variant']}, {each['engine']}: {each['why_void']}")
    console.print(table(family, document))
    console.print(document["answer"], highlight=False)
    _save(family, document, json_file, plot_file)


def _save(family: Family, document: Document, json_file: Path | None, plot_file: Path | None) -> None:
    try:
        if json_file is not None:
            json_file.write_text(json.dumps(document, indent=1, default=float) + "\n")
        if plot_file is not None and isinstance(family, Pictured):
            family.plot(document, plot_file)
        elif plot_file is not None:
            plot(family, document, plot_file)
    except OSError as error:
        fail(f"cannot write the result: {error}")


def _costs_in(path: Path | None) -> Costs | None:
    """What an earlier run of the experiment has probed: it is in the result."""
    if path is None:
        return None
    try:
        costs: Costs = json.loads(path.read_text())["costs"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        fail(f"cannot use {path}, which must be an earlier --json of the experiment: {error!r}")
    return costs


def calibration_in(path: Path | None) -> Calibration | None:
    if path is None:
        return None
    try:
        return Calibration.load(path)
    except (OSError, ValueError, KeyError, TypeError) as error:
        fail(f"cannot use the calibration {path}: {error!r}")
