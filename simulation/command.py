"""What the commands share: the option of a result file, and a run that ends in order whatever ends it."""

import asyncio
import signal
from collections.abc import Coroutine
from pathlib import Path
from typing import Annotated, Any

import typer

from reference_impl.failing import fail
from simulation.engines.processes import ProcessError
from simulation.scenario import ScenarioError

JsonFile = Annotated[Path | None, typer.Option("--json", help="Write the result to this file.")]


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
