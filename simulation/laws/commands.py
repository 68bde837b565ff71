"""``livecomments theory``: the laws of queueing theory, and whether the model obeys them."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Annotated, Any

import typer
from rich import box
from rich.console import Console
from rich.table import Table

from reference_impl.failing import fail
from simulation.command import JsonFile, ended_in_order
from simulation.console import counted
from simulation.laws.checks import CONFIDENCE, LAWS, REPLICATIONS, SEED, Check, check
from simulation.laws.page import HEADINGS, cells
from simulation.result import keep

SHOWN = tuple(HEADINGS.index(name) for name in ("law", "quantity", "theory", "simulated", "half-width", "obeyed"))


def theory(
    replications: Annotated[int, typer.Option(help="Independent runs of each law.", min=20, max=1_000)] = REPLICATIONS,
    seed: Annotated[int, typer.Option(help="Of all arrivals and costs.", min=0)] = SEED,
    json_file: JsonFile = None,
) -> None:
    """Compare the model's stations with closed forms of queueing theory."""
    console = Console()
    checks: list[Check] = []
    with ended_in_order(), counted(console, "theory", len(LAWS)) as tell:
        for law in LAWS:
            tell(law.name)
            for judged in check(law, replications, seed):
                checks += judged
    console.print(_table(checks))
    keep(document(checks, replications, seed), json_file)
    if outside := sum(not each.inside for each in checks):
        fail(f"{outside} of {len(checks)} figures do not obey; at {CONFIDENCE:.0%} one in a hundred misses by chance")
    if wide := sum(not each.narrow for each in checks):
        fail(f"{wide} of {len(checks)} intervals are too wide to tell: more --replications")


def document(checks: Sequence[Check], replications: int, seed: int) -> dict[str, Any]:
    rows = [asdict(each) for each in checks]
    return {"seed": seed, "replications": replications, "confidence": CONFIDENCE, "checks": rows}


def _table(checks: Sequence[Check]) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, title="Closed forms, and what the model's stations do")
    for place in SHOWN:
        table.add_column(HEADINGS[place], justify="left" if place < 3 else "right", no_wrap=place >= 3)
    for each in checks:
        row = cells(each)
        table.add_row(*(row[place] for place in SHOWN), style="" if each.obeyed else "bold red")
    return table
