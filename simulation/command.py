"""What the commands share: a result file, and a run that ends in order whatever ends it."""

import asyncio
import json
import signal
from collections.abc import Coroutine
from pathlib import Path
from typing import Annotated, Any

import typer

from reference_impl.cli import fail
from simulation.engines.processes import ProcessError
from simulation.scenario import ScenarioError

JsonFile = Annotated[Path | None, typer.Option("--json", help="Write the result to this file.")]


def keep(document: object, file: Path | None) -> None:
    """Write a result to the file that was named for it, if one was."""
    if file is not None:
        file.write_text(json.dumps(document, indent=1) + "\n")


def run_to_end(main: Coroutine[Any, Any, None]) -> None:
    """Run to the end; Ctrl-C, SIGTERM and a closed terminal end it early, with every process it started."""

    async def guarded() -> None:
        task = asyncio.current_task()
        assert task is not None
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            asyncio.get_running_loop().add_signal_handler(number, task.cancel)
        await main

    try:
        asyncio.run(guarded())
    except (ProcessError, ScenarioError) as error:
        fail(str(error))
    except asyncio.CancelledError:
        raise typer.Exit(130) from None
