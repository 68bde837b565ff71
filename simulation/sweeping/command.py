"""What `run NAME --sweep …` does: check what was asked for, go on with what a file holds, tell what came of it."""

from collections.abc import Sequence
from contextlib import nullcontext
from pathlib import Path

from rich.console import Console

from reference_impl.failing import fail
from simulation.cluster import cluster
from simulation.console import counted
from simulation.engines import live
from simulation.experiment import Engine
from simulation.experiments.catalogue import FAMILIES
from simulation.experiments.command import ENGINES, Costs, costs_for
from simulation.experiments.family import Family, Sweepable
from simulation.provenance import Provenance
from simulation.record import Document, OtherRecordError, Record, begun
from simulation.replications import ALL_CORES
from simulation.sweeping.grid import At, SweepError, axes, points, words
from simulation.sweeping.picture import PANELS_MAX, draw, panels
from simulation.sweeping.showing import done, missing, table, void
from simulation.sweeping.sweep import Plan, Sweep, new


async def sweep_to_end(
    family: Family,
    sweeps: Sequence[str],
    engine: Engine,
    console: Console,
    *,
    repeat: int | None,
    calibration: Path | None,
    dask: str | None,
    json_file: Path | None,
    plot_file: Path | None,
) -> None:
    """Run it, or what is left of it, and show what there is even if it ends early."""
    plan = _plan(family, sweeps, engine, repeat, calibration)
    if plot_file is not None and (count := len(panels(plan.family, plan.axes))) > PANELS_MAX:
        fail(f"--plot: at most {PANELS_MAX} panels are drawn, and this sweep has {count}: sweep fewer values at once")
    record = _begun(plan, costs_for(family, engine, calibration, console), json_file)
    if done(record.document):
        console.print(f"Going on with what {json_file} holds.")
    live.pin_self()
    with nullcontext(ALL_CORES) if dask is None else cluster(dask) as backend:
        sweep = Sweep(plan, record, backend)
        try:
            with counted(console, family.name, sweep.steps) as tell:
                await sweep.run(tell)
        finally:
            _tell(plan, record.document, console, plot_file)


def _plan(family: Family, sweeps: Sequence[str], engine: Engine, repeat: int | None, calibration: Path | None) -> Plan:
    if not isinstance(family, Sweepable):
        others = [name for name, made in FAMILIES.items() if isinstance(made(), Sweepable)]
        fail(f"--sweep: {family.name} cannot be swept; these can: {', '.join(others)}")
    try:
        wanted = axes(family, sweeps)
        for at in points(wanted):
            _sized(family, at)
    except SweepError as error:
        fail(str(error))
    return Plan(family=family, axes=wanted, engines=ENGINES[engine], repeats=repeat, costs=str(calibration or ""))


def _sized(family: Sweepable, at: At) -> None:
    try:
        family.sized(at)
    except ValueError as error:
        raise SweepError(f"--sweep: {family.name} cannot have {words(at)}: {error}") from error


def _begun(plan: Plan, costs: tuple[Costs, Provenance] | None, json_file: Path | None) -> Record:
    try:
        record = Record(begun(plan.as_dict(), json_file, new(plan, costs), "a sweep"), json_file)
        record.save()  # what cannot be written is told before the measurement
    except (OtherRecordError, OSError) as error:
        fail(f"cannot sweep: {error}")
    return record


def _tell(plan: Plan, document: Document, console: Console, plot_file: Path | None) -> None:
    """Show and draw what there is, all of it or not."""
    for each in void(document):
        console.print(f"[bold red]Void:[/] {each}", highlight=False)
    if done(document):
        console.print(table(plan.family, document))
    if "digest" in document:
        console.print(f"Digest of the simulated figures, the same wherever they run: {document['digest']}")
    for each in missing(document):
        console.print(f"[bold red]Missing:[/] {each}", highlight=False)
    try:
        if plot_file is not None and done(document):
            draw(plan.family, plan.axes, document, plot_file)
    except OSError as error:
        fail(f"cannot write the picture: {error}")
