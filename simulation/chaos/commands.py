"""``livecomments chaos``: faults on real processes of this machine, and what viewers see of them."""

import json
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from reference_impl.failing import fail
from reference_impl.interrupts import STATUS
from simulation.bench import arguments
from simulation.chaos.faults import FAULTS, Crowd
from simulation.chaos.redises import Sync
from simulation.chaos.report import document, plot, read_timeline, table
from simulation.chaos.run import REST, Outcome, Plan, run_chaos
from simulation.command import JsonFile, plotted, require_programs, run_to_end
from simulation.result import keep


def chaos(
    minutes: Annotated[
        float, typer.Option(help="Go on with random faults for so long. [default: each once]", min=0, max=10_000)
    ] = 0.0,
    seed: Annotated[int, typer.Option(help="Repeats a run's choices.")] = 1,
    faults: Annotated[
        str, typer.Option(help=f"Only some, with commas between them, of {', '.join(FAULTS)}.", show_default="all")
    ] = ",".join(FAULTS),
    timeline: Annotated[
        Path | None, typer.Option(help="The result of an earlier run, whose faults are repeated in their order.")
    ] = None,
    rate: Annotated[float, typer.Option(help="Comments a second.", min=1, max=2_000)] = 20.0,
    viewers: Annotated[int, typer.Option(help="At each of the two edges.", min=1, max=1_000)] = 20,
    hot: Annotated[
        Sync | None, typer.Option(help="Hot-first, on a Redis that syncs its file so. [default: log-first]")
    ] = None,
    json_file: JsonFile = None,
    plot_file: Annotated[Path | None, plotted("Draw what viewers saw into this PNG file.")] = None,
) -> None:
    """Kill, stop, cut off and slow down processes of a fleet, and check that nothing is lost, doubled or unseen.

    It starts two API processes, two edges, a Redis and (where it is installed) a PostgreSQL of its own. The Redis must
    be one that can be killed: it takes an installed redis-server (apt-get install redis-server).
    """
    console = Console()
    chosen = arguments.chosen("--faults", faults, tuple(FAULTS))
    if timeline:
        seed, chosen = read_timeline(timeline)
    clustered = ["redis-cli"] if any(FAULTS[name].cluster for name in chosen) else []
    require_programs("chaos", "redis-server", *clustered, package="redis-server")
    plan = Plan(seed=seed, faults=chosen, seconds=minutes * 60, crowd=Crowd(rate=rate, viewers=viewers), hot=hot)

    async def main() -> None:
        outcome = await run_chaos(plan, lambda text: console.print(text, highlight=False, soft_wrap=True))
        console.print(table(outcome.sights))
        for name, why in outcome.skipped.items():
            console.print(f"[yellow]not done: {name}: {why}[/]")
        console.print_json(json.dumps(outcome.counts))
        keep(document(outcome), json_file)
        if plot_file:
            plot(outcome.sights, plot_file)
        if outcome.broken:
            _tell(outcome, console)
        if REST in outcome.skipped:
            raise typer.Exit(STATUS)  # now that what there is has been shown

    run_to_end(main())


def _tell(outcome: Outcome, console: Console) -> None:
    """Say what is broken, and how to see it again."""
    for what in outcome.broken[:20]:
        console.print(f"[bold red]broken:[/] {what}", highlight=False)
    steps = ", ".join(f"{at_s:g} s {name}" for at_s, name in outcome.timeline)
    again = ",".join(name for _, name in outcome.timeline)
    fail(
        f"{len(outcome.broken)} things that must not be; seed {outcome.plan.seed}, timeline: {steps}\n"
        f"repeat it: livecomments chaos --seed {outcome.plan.seed} --faults {again}"
    )
