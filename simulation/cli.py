"""The `livecomments` command line: the server's commands, and those that measure and simulate it.

A command's module is imported when the command is run: all of them together take seconds, which neither ``--help`` nor
a server should wait for.
"""

from reference_impl.interrupts import end_at_once, leave_alone

if __name__ == "__main__":
    end_at_once()  # as soon as can be: what follows takes a moment to import

from importlib import import_module
from typing import Annotated, Any, NamedTuple

import typer
import typer.main
from typer.core import TyperCommand, TyperGroup

from reference_impl.version import VERSION


class Command(NamedTuple):
    """A function, or a group of commands, of the command's own name; ``says`` is the first line of its help."""

    module: str
    says: str


COMMANDS = {
    "up": Command("simulation.commands", "Watch a recorded chat live, and see the same scenario simulated beside it."),
    "run": Command(
        "simulation.commands", "Run an experiment or a scenario in the live engine, in the simulated one, or in both."
    ),
    "report": Command(
        "simulation.reporting.command",
        "Measure how well the model predicts the live server, in a suite of scenarios and in every experiment.",
    ),
    "calibrate": Command(
        "simulation.commands",
        "Measure this machine's service times for the simulation: for audiences from small to large, about 80 s.",
    ),
    "theory": Command("simulation.laws.commands", "Compare the model's stations with closed forms of queueing theory."),
    "serve": Command(
        "reference_impl.cli",
        "Serve comments until Ctrl-C. Every option can also be set as LIVECOMMENTS_… in the environment.",
    ),
    "edge": Command(
        "reference_impl.cli",
        "Serve viewers of the comments of an API (`serve`), without a database; everything else is passed on to it.",
    ),
    "worker": Command(
        "reference_impl.cli",
        "Do what servers with the same --workers leave to others, until Ctrl-C; any number may share it.",
    ),
    "redis": Command(
        "reference_impl.cli",
        "Run a Redis for the servers of this machine until Ctrl-C: an installed one, or one out of a Python package.",
    ),
    "migrate": Command(
        "reference_impl.cli",
        "Bring the log's tables to this version. An embedded file is brought there whenever it is opened.",
    ),
    "bench": Command("simulation.bench.commands", "Benchmarks of the real server, and of its model."),
    "learn": Command(
        "simulation.course.commands", "List the course's exercises and how far you are; with a name begin them."
    ),
    "check": Command(
        "simulation.course.commands",
        "Judge your answers of a lesson, in virtual time: the same verdict on every machine.",
    ),
    "docs": Command(
        "simulation.docs.command",
        "Build the site of lessons, reports and reference, and serve it to this machine until Ctrl-C.",
    ),
    "notebooks": Command(
        "simulation.notebooks.command",
        "Open JupyterLab on the course's notebooks, until Ctrl-C: on copies, which are yours and never replaced.",
    ),
    "chaos": Command(
        "simulation.chaos.commands",
        "Kill, stop, cut off and slow down processes of a fleet, and check that nothing is lost, doubled or unseen.",
    ),
}


class Commands(TyperGroup):
    """Lists commands by what `COMMANDS` says of them, and has the real one when it is called."""

    def __init__(self, **attributes: Any) -> None:
        super().__init__(**attributes)
        self.commands = {name: TyperCommand(name, help=each.says) for name, each in COMMANDS.items()}

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        name, _, rest = super().resolve_command(ctx, args)
        return name, name and loaded(name), rest


def loaded(name: str) -> Any:
    """The real command, or group of commands."""
    found = getattr(import_module(COMMANDS[name].module), name)
    if isinstance(found, typer.Typer):
        return typer.main.get_group(found)
    alone = typer.Typer(add_completion=False, pretty_exceptions_enable=False, rich_markup_mode="markdown")
    alone.command(name)(found)
    return typer.main.get_command(alone)


app = typer.Typer(
    cls=Commands,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",  # or what stands in brackets is taken for markup, and left out
    context_settings={"help_option_names": ["-h", "--help"]},  # of every command below, too
)


def _say_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"livecomments {VERSION}")
        raise typer.Exit


@app.callback()
def livecomments(
    *,
    version: Annotated[
        bool, typer.Option("--version", help="Show the version and exit.", callback=_say_version, is_eager=True)
    ] = False,
) -> None:
    """A live-comment server, and the simulation that is measured against it."""


def main() -> None:
    end_at_once()
    try:
        app(prog_name="livecomments")
    finally:
        leave_alone()


if __name__ == "__main__":
    main()
