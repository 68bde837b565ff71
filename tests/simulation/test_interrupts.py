"""Ctrl-C at moments that a test can name: while modules are imported, at the end, while processes are being stopped."""

import ast
import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Coroutine, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeGuard

import pytest
import typer
from typer.testing import CliRunner

from simulation.chaos import commands as chaos
from simulation.chaos.run import REST, Outcome, Plan, Say
from simulation.cli import app
from simulation.command import ended_in_order, run_to_end
from simulation.engines import processes
from simulation.replications import replicate

ROOT = Path(__file__).resolve().parents[2]
ENDS_S = 60.0
LONG_S = 3600.0
# A library that takes any exception for its own, as some do of what they can go on without.
SWALLOWS = """
import os, signal, time
try:
    os.kill(os.getpid(), signal.SIGINT)
    time.sleep(3600)
except BaseException:
    pass
"""
RAISES = "import os, signal\nos.kill(os.getpid(), signal.SIGINT)\n"
AT_EXIT = """
import atexit, os, signal
from simulation import cli
atexit.register(os.kill, os.getpid(), signal.SIGINT)
cli.main()
"""


def ended(*command: str, path: Path = ROOT) -> "subprocess.CompletedProcess[str]":
    search = os.pathsep.join((str(path), str(ROOT)))
    return subprocess.run(
        [sys.executable, *command], cwd=path, env=os.environ | {"PYTHONPATH": search}, capture_output=True, text=True,
        timeout=ENDS_S, check=False,
    )  # fmt: skip


@pytest.mark.parametrize("library", [SWALLOWS, RAISES])
@pytest.mark.parametrize(
    ("imported", "command"),
    [
        ("typer", ["-m", "simulation.cli", "theory"]),
        ("numpy", ["-m", "simulation.cli", "theory"]),
        ("typer", ["-m", "reference_impl", "serve"]),
        ("jupyter_server", ["-m", "simulation.notebooks.lab"]),
    ],
)
def test_ctrl_c_while_modules_are_imported_is_quiet(
    imported: str, command: Sequence[str], library: str, tmp_path: Path
) -> None:
    (tmp_path / f"{imported}.py").write_text(library)
    done = ended(*command, path=tmp_path)
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "")


def test_ctrl_c_when_all_is_done_changes_nothing() -> None:
    done = ended("-c", AT_EXIT, "--version")
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_what_becomes_of_the_parts_of_a_run_that_is_ended_is_not_told(
    number: int, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    async def part() -> None:
        try:
            await asyncio.sleep(LONG_S)
        except asyncio.CancelledError:
            raise ConnectionError("whom I speak to has been ended before me") from None

    async def main() -> None:
        task = asyncio.create_task(part())
        await asyncio.sleep(0)
        os.kill(os.getpid(), number)
        try:
            await asyncio.sleep(LONG_S)
        finally:
            task.cancel()
            await asyncio.wait((task,))
            del task

    assert status_of(main()) == 130
    assert not caplog.records
    assert capsys.readouterr() == ("", "")


def test_a_run_that_is_ended_may_fail_on_its_way_out() -> None:
    async def main() -> None:
        os.kill(os.getpid(), signal.SIGINT)
        try:
            await asyncio.sleep(LONG_S)
        finally:
            raise ConnectionError("whom I speak to has been ended before me")

    assert status_of(main()) == 130


def test_a_second_ctrl_c_kills_a_process_that_takes_its_time() -> None:
    async def main() -> None:
        stubborn = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); print(flush=True); signal.pause()"
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-c", stubborn, stdout=asyncio.subprocess.PIPE, start_new_session=True
        )
        assert process.stdout is not None
        await process.stdout.readline()
        stopping = asyncio.create_task(processes.stop(process))
        await asyncio.sleep(0)
        stopping.cancel()
        with pytest.raises(asyncio.CancelledError):
            await stopping
        assert process.returncode == -signal.SIGKILL

    asyncio.run(main())


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_work_without_an_event_loop_is_ended_too_and_handlers_are_as_before(number: int) -> None:
    def work() -> None:
        with ended_in_order():
            os.kill(os.getpid(), number)
            time.sleep(LONG_S)

    before = signal.getsignal(number)
    with pytest.raises(typer.Exit) as left:
        work()
    assert left.value.exit_code == 130
    assert signal.getsignal(number) == before


def test_workers_leave_ctrl_c_to_their_parent() -> None:
    assert replicate(is_deaf, 2, workers=2) == [True, True]


def is_deaf(_: object) -> bool:
    return signal.SIGINT in signal.pthread_sigmask(signal.SIG_BLOCK, ())


def test_ctrl_c_ends_replications_of_many_processes_at_once_and_quietly(capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(typer.Exit), ended_in_order():
        replicate(end_the_caller, 4, workers=2)
    assert capfd.readouterr() == ("", "")


def end_the_caller(_: object) -> None:
    """In a worker: Ctrl-C for all of the terminal, which a worker leaves to its parent."""
    os.kill(os.getppid(), signal.SIGINT)
    os.kill(os.getpid(), signal.SIGINT)
    time.sleep(LONG_S)


def test_a_chaos_run_that_is_ended_early_says_so_by_its_status(monkeypatch: pytest.MonkeyPatch) -> None:
    async def ended_early(plan: Plan, say: Say) -> Outcome:
        return Outcome(plan, skipped={REST: "the run was ended early"})

    monkeypatch.setattr(chaos, "run_chaos", ended_early)
    monkeypatch.setattr(chaos, "require_programs", lambda *_, **__: None)
    done = CliRunner().invoke(app, ["chaos"])
    assert done.exit_code == 130
    assert "not done: the rest" in done.stdout


def test_a_run_that_is_ended_early_still_says_what_it_has_found() -> None:
    async def main() -> None:
        os.kill(os.getpid(), signal.SIGINT)
        with suppress(asyncio.CancelledError):
            await asyncio.sleep(LONG_S)
        raise typer.Exit(1)

    assert status_of(main()) == 1


def test_processes_of_a_run_have_sessions_of_their_own() -> None:
    """So that Ctrl-C reaches the run alone, which ends them in order."""
    paths = [path for package in ("reference_impl", "simulation") for path in (ROOT / package).rglob("*.py")]
    calls = [(path, node) for path in paths for node in ast.walk(ast.parse(path.read_text())) if is_spawning(node)]
    assert len(calls) >= 8
    assert not [f"{path}:{call.lineno}" for path, call in calls if not has_session(call)]


def is_spawning(node: ast.AST) -> TypeGuard[ast.Call]:
    return isinstance(node, ast.Call) and ast.unparse(node.func).endswith(("create_subprocess_exec", "Popen"))


def has_session(call: ast.Call) -> bool:
    return any(each.arg == "start_new_session" for each in call.keywords)


def status_of(main: Coroutine[Any, Any, None]) -> int:
    with pytest.raises(typer.Exit) as left:
        run_to_end(main)
    return left.value.exit_code
