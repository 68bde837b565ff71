"""What the commands share: the options of result files, and a run that ends in order whatever ends it."""

import asyncio
import json
import os
import shutil
import signal
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer

from reference_impl.failing import fail
from reference_impl.interrupts import STATUS
from simulation.calibration import CalibrationError
from simulation.engines.processes import ProcessError
from simulation.scenario import ScenarioError

PICTURES = (".png", ".svg", ".pdf", ".jpg")
ENDS = signal.SIGINT, signal.SIGTERM, signal.SIGHUP
KINDS = ("sweep", "experiment", "scenario")  # of result files: whose name stands under one of these


def writable(path: Path | None) -> Path | None:
    """What cannot be written is told before the run."""
    try:
        if path is not None and (why := _why_not_writable(path)):
            fail(f"cannot write {path}: {why}")
    except OSError as error:
        fail(f"cannot write {path}: {error.strerror}")
    return path


def _why_not_writable(path: Path) -> str:
    if path.is_dir():
        return "it is a folder"
    if not path.parent.is_dir():
        return f"there is no folder {path.parent}"
    if path.exists():
        return "" if os.access(path, os.W_OK) else "permission denied"
    path.touch(exist_ok=False)  # only this tells of folders in which even the superuser makes no file
    path.unlink()
    return ""


def drawable(path: Path | None) -> Path | None:
    """The same of a picture."""
    if path is not None and path.suffix.lower() not in PICTURES:
        fail(f"--plot: a file that ends in {', '.join(PICTURES)} is allowed, got {path}")
    return writable(path)


def plotted(says: str) -> Any:
    """The option ``--plot``."""
    return typer.Option("--plot", help=says, callback=drawable)


JsonFile = Annotated[Path | None, typer.Option("--json", help="Write the result to this file.", callback=writable)]


def require_programs(who: str, *programs: str, package: str) -> None:
    """What a command cannot do without is asked for before it works."""
    if missing := [name for name in programs if shutil.which(name) is None]:
        fail(f"{who} needs {' and '.join(missing)}, which is not installed (apt-get install {package})")


def require_own(path: Path | None, kind: str, name: str) -> None:
    """Refuse a file that holds another result, or something else: a run would write over it."""
    try:
        text = path.read_text(errors="replace") if path is not None and path.is_file() else ""
    except OSError as error:
        fail(f"cannot read what {path} holds: {error.strerror}")
    if not text.strip():
        return
    if (holds := _held(text)) != (kind, name):
        what = f"the {holds[0]} {holds[1]}" if holds else "something else"
        fail(f"--json: {path} holds {what}, not the {kind} {name}: name another file, or remove that one")


def _held(text: str) -> tuple[str, str] | None:
    """The kind and the name of a result."""
    try:
        document = json.loads(text)
    except ValueError:
        return None
    for kind in KINDS if isinstance(document, dict) else ():
        if kind in document:
            whose = document[kind]
            return kind, str(whose.get("name") if isinstance(whose, dict) else whose)
    return None


def run_to_end(main: Coroutine[Any, Any, None]) -> None:
    """Run to the end; Ctrl-C, SIGTERM and a closed terminal end it early, with every process it started.

    What becomes of its parts then is not worth telling: one fails because another has been ended before it.
    """
    early = asyncio.Event()

    async def guarded() -> None:
        loop, task = asyncio.get_running_loop(), asyncio.current_task()
        assert task is not None

        def end() -> None:
            early.set()
            loop.set_exception_handler(lambda loop, context: None)
            task.cancel()

        for number in ENDS:
            loop.add_signal_handler(number, end)
        await main

    try:
        asyncio.run(guarded())
    except asyncio.CancelledError:
        raise typer.Exit(STATUS) from None
    except typer.Exit:
        raise  # It has been told why, and one that is ended early may have found something.
    except Exception as error:
        if early.is_set():
            raise typer.Exit(STATUS) from None
        if isinstance(error, ProcessError | ScenarioError | CalibrationError):
            fail(str(error))
        raise


@contextmanager
def ended_in_order() -> Iterator[None]:
    """The same for what works without an event loop: it is left by an exception, and ends what it has started."""
    before = {number: signal.signal(number, signal.default_int_handler) for number in ENDS}
    try:
        yield
    except KeyboardInterrupt:
        raise typer.Exit(STATUS) from None
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
