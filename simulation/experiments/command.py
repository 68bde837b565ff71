"""What `run NAME` does with an experiment, and where costs are taken from that were measured earlier."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

from rich.console import Console

from reference_impl.failing import fail
from simulation.calibration import Calibration
from simulation.console import counted
from simulation.engines import live
from simulation.experiment import Engine
from simulation.experiments.family import Family
from simulation.experiments.running import RESULTS, Document, FamilyRun
from simulation.experiments.showing import overloaded, plot, table, void
from simulation.provenance import SHIPPED, Provenance
from simulation.result import keep

Costs = Mapping[str, Any]
T = TypeVar("T")
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
    costs = costs_for(family, engine, calibration, console)
    live.pin_self()
    run = FamilyRun(family, engines=ENGINES[engine], repeats=repeat, repeats_sim=repeat, costs=costs)
    with counted(console, family.name, run.steps) as tell:
        document = await run.finish(tell)
    show(family, document, console)
    _save(family, document, json_file, plot_file)


def show(family: Family, document: Document, console: Console) -> None:
    for each in void(document["observations"]):
        console.print(f"[bold red]Void:[/] {each}", highlight=False)
    for each in overloaded(document["observations"]):
        console.print(f"[bold red]Overloaded:[/] {each}", highlight=False)
    console.print(table(family, document))
    console.print(document["answer"], highlight=False)


def _save(family: Family, document: Document, json_file: Path | None, plot_file: Path | None) -> None:
    try:
        keep(document, json_file)
        if plot_file is not None:
            plot(family, document, plot_file)
    except OSError as error:
        fail(f"cannot write the result: {error}")


def costs_for(
    family: Family, engine: Engine, calibration: Path | None, console: Console
) -> tuple[Costs, Provenance] | None:
    """Of the run that is named, or the shipped ones if nothing runs but the model; None if they are to be probed."""
    costs, shipped = costs_in(calibration, of=family.name), RESULTS / f"{family.name}.json"
    if engine is not Engine.SIM or costs is not None or not shipped.exists():
        return costs
    console.print(f"Simulating with the shipped costs of {family.name}; --calibration FILE takes those of another run.")
    return costs_in(shipped, SHIPPED)


def costs_in(path: Path | None, called: str = "", of: str = "") -> tuple[Costs, Provenance] | None:
    """What an earlier run of the experiment, whose name is ``of``, has probed: it is in the result."""

    def read(path: Path) -> tuple[Costs, Provenance]:
        earlier = json.loads(path.read_text())
        if of and (other := earlier.get("experiment") or earlier.get("sweep") or of) != of:
            raise ValueError(f"it is one of {other}, not of {of}")
        probes = earlier.get("calibration") or earlier  # which may be an earlier run's
        return earlier["costs"], Provenance(called or str(path), probes["machine"], probes.get("shipped", ""))

    return _read(path, read, "which must be an earlier --json of the experiment")


def calibration_in(path: Path | None) -> tuple[Calibration, Provenance] | None:
    """What `calibrate` has written."""

    def read(path: Path) -> tuple[Calibration, Provenance]:
        found = Calibration.load(path)
        return found, Provenance(str(path), found.machine)

    return _read(path, read, "which must be written by `calibrate`")


def _read(path: Path | None, read: Callable[[Path], T], what: str) -> T | None:
    try:
        return None if path is None else read(path)
    except (OSError, ValueError, KeyError, TypeError) as error:
        fail(f"cannot use {path}, {what}: {_in_words(error)}")


def _in_words(error: Exception) -> str:
    if isinstance(error, OSError):
        return str(error.strerror)
    if isinstance(error, KeyError):
        return f"it has no {error}"
    return f"it is not JSON: {error}" if isinstance(error, json.JSONDecodeError) else str(error)
