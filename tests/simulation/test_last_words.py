"""What is passed on of other processes' words: an error without the way to it, and warnings when they are said."""

import asyncio
import io
from types import SimpleNamespace
from typing import Any, cast

import pytest
from rich.console import Console
from rich.progress import Progress

from reference_impl.policy.recent_window import Recall
from reference_impl.recent_wiring import CACHE
from simulation.engines import processes
from simulation.engines.processes import ProcessError, last_words
from simulation.experiments.caching.probe import Probe

TRACEBACK = """a line before
Traceback (most recent call last):
  File "/a/guard.py", line 131, in _answer
    raise LogUnavailable("late")
    ^^^^^^^^^^^^^^^^^^^^^^^^^^^^
ports.LogUnavailable: the probe did not answer
within 0.25 s
"""
WARNING = "ts=05:44:04 level=warning event=rung now=no_hints\n"


def test_of_a_traceback_the_error_is_passed_on_whole() -> None:
    assert last_words(TRACEBACK) == "ports.LogUnavailable: the probe did not answer\nwithin 0.25 s"


def test_of_anything_else_the_last_lines_are() -> None:
    assert last_words("livecomments: cannot listen\n\n") == "livecomments: cannot listen"
    assert last_words("\n".join("abcdefgh")) == "d\ne\nf\ng\nh"
    assert last_words(" \n") == ""
    assert last_words("Traceback\n  File\n") == "File"


def test_a_process_that_fails_is_told_by_its_error() -> None:
    async def ask() -> Any:
        return await processes.answer("the probe", "simulation.engines.stalls", ["soon"], None)

    with pytest.raises(ProcessError) as told:
        asyncio.run(ask())
    assert str(told.value) == "the probe: ValueError: could not convert string to float: 'soon'"


async def forward(*lines: str, quiet: bool = False) -> None:
    stream = asyncio.StreamReader()
    for line in lines:
        stream.feed_data(line.encode())
    stream.feed_eof()
    await processes._forward(stream, quiet=quiet)


def test_warnings_of_a_server_come_above_a_progress_bar_at_once(capfd: pytest.CaptureFixture[str]) -> None:
    terminal = io.StringIO()
    with Progress(console=Console(file=terminal, force_terminal=True, width=120)) as bar:
        bar.add_task("at work", total=2)
        asyncio.run(forward("level=info event=started\n", WARNING))
        assert WARNING.strip() in terminal.getvalue()
        assert "event=started" not in terminal.getvalue()
    assert capfd.readouterr().err == ""


def test_without_a_bar_they_come_as_errors_do(capfd: pytest.CaptureFixture[str]) -> None:
    asyncio.run(forward(WARNING))
    assert capfd.readouterr().err == WARNING


def test_rungs_that_a_server_climbs_to_are_heard_unless_that_is_expected() -> None:
    with processes.left_out() as rungs:
        asyncio.run(forward(WARNING, WARNING.replace("warning", "info").replace("no_hints", "full")))
        asyncio.run(forward(WARNING.replace("no_hints", "read_only"), quiet=True))
    asyncio.run(forward(WARNING.replace("no_hints", "wide_windows")))
    assert rungs == {"no_hints"}


def test_the_probe_of_a_cache_waits_for_an_answer_that_a_server_would_not_wait_for() -> None:
    async def recall(*asked: Any) -> Recall:
        await asyncio.sleep(1.2 * CACHE.deadline_s)
        return Recall.HIT

    async def ask() -> Any:
        log, store = cast(Any, SimpleNamespace(epoch=1)), cast(Any, SimpleNamespace(recall=recall))
        return await Probe(log, cast(Any, None), store, "", 0)._recall("demo")

    assert asyncio.run(ask()) is Recall.HIT
