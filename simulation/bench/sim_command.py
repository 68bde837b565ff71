"""The command ``livecomments bench sim``."""

from typing import Annotated

import typer
from rich.console import Console

from reference_impl.failing import fail
from simulation.bench import sim as sim_bench
from simulation.command import JsonFile, ended_in_order
from simulation.result import keep


def sim(
    runs: Annotated[int, typer.Option(help="Times a tier's speed is measured.", min=1, max=50)] = 3,
    replications: Annotated[int, typer.Option(help="Of the scenario that tiers agree on.", min=2, max=10_000)] = 30,
    json_file: JsonFile = None,
) -> None:
    """How fast the tiers of the model's edge are, with the server's policies, and how well they agree at the tail."""
    with ended_in_order():
        found = sim_bench.bench_sim(runs, replications, Console())
    for table in sim_bench.tables(found):
        Console().print(table)
    keep(sim_bench.document(found), json_file)
    if not sim_bench.agreed(found):
        fail("the tiers do not agree, or the number of workers makes a difference: see above")
