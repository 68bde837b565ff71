"""What a person sees while a run goes on: a bar on a terminal, plain lines in a pipe."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn


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
    with Progress(*columns, console=console, transient=True, redirect_stderr=sys.stderr.isatty()) as bar:
        task = bar.add_task(what, total=total)

        def tell(which: str) -> None:
            nonlocal done
            bar.update(task, description=f"{what}: {which}", completed=done)
            done += 1

        yield tell
