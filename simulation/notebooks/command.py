"""`livecomments notebooks`: opens JupyterLab on copies of the notebooks, which are the learner's to change."""

import os
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from reference_impl.failing import fail
from simulation.course.answers import NAME as ANSWERS
from simulation.course.answers import folder as answers_folder
from simulation.engines.processes import ProcessError, require_free
from simulation.notebooks.copying import NotebookError, asked_for, copied
from simulation.notebooks.kernels import FOLDER, environment

HOST = "127.0.0.1"
MISSING = (
    "the packages of the notebooks are missing. `./livecomments notebooks`, from a checkout, installs them; "
    "elsewhere install the project with its extra `course`"
)
# Nothing is asked of the network, where the notebooks need nothing. In a container one is root as a rule; whoever is
# may run this as he may run all of the project's commands.
QUIET = (
    "--ServerApp.log_level=WARN", "--LabApp.log_level=WARN", "--ServerApp.allow_root=True", "--LabApp.news_url=None",
    "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate", "--LabApp.extension_manager=readonly",
)  # fmt: skip


def notebooks(
    name: Annotated[str, typer.Argument(metavar="[NAME]", help="Open this one (README.md there lists them).")] = "",
    *,
    port: Annotated[int, typer.Option(min=0, max=65535, help="Of JupyterLab; 0 takes a free one.")] = 8888,
    browser: Annotated[bool, typer.Option(help="Open a browser.")] = True,
    answers: Annotated[
        Path,
        typer.Option(
            help="The folder of your answers; copies are in its `notebooks`.",
            default_factory=answers_folder,
            show_default=ANSWERS,
        ),
    ],
) -> None:
    """Open JupyterLab on the course's notebooks, until Ctrl-C: on copies, which are yours and never replaced."""
    if find_spec("jupyterlab") is None:
        fail(MISSING)
    console, folder = Console(), answers / "notebooks"
    try:
        require_free(HOST, port)
        copies = [copied(source, folder) for source in asked_for(name, FOLDER)]
    except (NotebookError, ProcessError) as error:
        fail(str(error))
    for path, said in copies:
        console.print(f"[bold]{path}[/] {said}.", highlight=False, soft_wrap=True)
    sys.stdout.flush()
    opened = copies[0][0].name if name else ""
    # JupyterLab takes this process's place: signals and the exit status are its own.
    os.execve(sys.executable, _arguments(folder.resolve(), opened, port, browser), environment())


def _arguments(folder: Path, opened: str, port: int, browser: bool) -> list[str]:
    server = [f"--ServerApp.root_dir={folder}", f"--ServerApp.port={port}", "--ServerApp.port_retries=0", *QUIET]
    shown = [f"--LabApp.default_url=/lab/tree/{opened}"] if opened else []
    return [sys.executable, "-m", "simulation.notebooks.lab", *server, *shown, *([] if browser else ["--no-browser"])]
