"""What a person sees while a run goes on: a bar on a terminal, plain lines in a pipe."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from simulation.engines.live import Progress as LiveProgress
from simulation.scenario import Scenario

PLAIN_EVERY_S = 5.0


@contextmanager
def step(console: Console, what: str) -> Iterator[None]:
    """Say what is being done, and how long it took."""
    start = time.monotonic()
    if console.is_terminal:
        with console.status(what):
            yield
    else:
        yield
    console.print(f"{what} [dim]{time.monotonic() - start:.1f} s[/dim]", highlight=False)


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
    with Progress(*columns, console=console, transient=True) as bar:
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


@contextmanager
def counted(console: Console, what: str, total: int) -> Iterator[Callable[[str], None]]:
    """Show which of ``total`` runs is at work, and how long all took: ``tell`` is called at the beginning of each."""
    start = time.monotonic()
    with _counted_bar(console, what, total) if console.is_terminal else _counted_lines(console, what, total) as tell:
        yield tell
    console.print(f"{what} [dim]{time.monotonic() - start:.1f} s[/dim]", highlight=False)


@contextmanager
def _counted_lines(console: Console, what: str, total: int) -> Iterator[Callable[[str], None]]:
    done = 0

    def tell(which: str) -> None:
        nonlocal done
        done += 1
        console.print(f"{what}: {done} of {total}, {which}", highlight=False)

    yield tell


@contextmanager
def _counted_bar(console: Console, what: str, total: int) -> Iterator[Callable[[str], None]]:
    done = 0
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task(what, total=total)

        def tell(which: str) -> None:
            nonlocal done
            bar.update(task, description=f"{what}: {which}", completed=done)
            done += 1

        yield tell
