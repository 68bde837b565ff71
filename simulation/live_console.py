"""What a person sees while a live run goes on; apart from `console`, since it takes the engine."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from simulation.engines.live import Progress as LiveProgress
from simulation.scenario import Scenario

PLAIN_EVERY_S = 5.0


@contextmanager
def live_progress(console: Console, scenario: Scenario) -> Iterator[LiveProgress]:
    """Show a live run's progress."""
    if console.is_terminal:
        with _bar(console, scenario) as progress:
            yield progress
    else:
        yield _lines(console, scenario)


@contextmanager
def _bar(console: Console, scenario: Scenario) -> Iterator[LiveProgress]:
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.fields[posted]:,} comments, {task.fields[delivered]:,} deliveries"),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=console, transient=True, redirect_stderr=sys.stderr.isatty()) as bar:
        task = bar.add_task("Live run", total=scenario.duration_s, posted=0, delivered=0)

        def show(progress: LiveProgress) -> None:
            bar.update(
                task, completed=progress.elapsed_s, posted=progress.posted, delivered=progress.delivered, refresh=False
            )

        yield LiveProgress(on_change=show)


def _lines(console: Console, scenario: Scenario) -> LiveProgress:
    said_at = time.monotonic()

    def show(progress: LiveProgress) -> None:
        nonlocal said_at
        if time.monotonic() >= said_at + PLAIN_EVERY_S:
            said_at = time.monotonic()
            console.print(
                f"live run: {progress.elapsed_s:.0f} of {scenario.duration_s:g} s, "
                f"{progress.posted:,} comments, {progress.delivered:,} deliveries",
                highlight=False,
            )

    return LiveProgress(on_change=show)
