"""Starts the server and the viewers as processes of their own, each on its core, and ends them again."""

import asyncio
import json
import os
import re
import signal
import socket
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress
from contextvars import ContextVar
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from simulation.engines import with_parent
from simulation.neighbours import Neighbours

ROOT = Path(__file__).resolve().parents[2]
START_S = 60.0  # a server that has not answered by then never will
STOP_S = 15.0
NICE = 10
LINE_MAX = 1024 * 1024
LINES_MAX = 5  # of what a process that has ended said last
FRAME = "  "  # begins every line of a traceback that is not the error itself
SERVER = ("reference_impl",)  # the module that is run

Ended = Callable[[int, int], None]  # told of one that ends before it is stopped: its process id and exit status

_URL = re.compile(r"\burl=(http://\S+)")
_RUNG = re.compile(r"\bevent=rung\b.*?\bnow=(\w+)")
_LEFT_OUT: ContextVar[set[str] | None] = ContextVar("left_out", default=None)


class ProcessError(Exception):
    """A process did not start or did not answer; the message holds its last words."""


class Cores(NamedTuple):
    server: set[int] | None
    load: set[int] | None


@cache
def cores() -> Cores:
    """One core for the server and another for the load, None on a machine with only one (or none to choose).

    The answer is the first one: a process that has pinned itself since has no choice any more, and its children do.
    """
    usable = sorted(_usable())
    return Cores({usable[0]}, {usable[1]}) if len(usable) > 1 else Cores(None, None)


def neighbours() -> Neighbours:
    """Watches the cores that are measured on."""
    return Neighbours((cores().server or set()) | (cores().load or set()))


@contextmanager
def on_all_cores() -> Iterator[int]:
    """Let the calling thread and what it starts have all cores, and say how many: for when nothing is measured."""
    usable = _usable()
    before = os.sched_getaffinity(0) if usable else None
    pin(0, usable or None)
    try:
        yield len(usable) or os.cpu_count() or 1
    finally:
        pin(0, before)


@cache
def _usable() -> set[int]:
    """The cores there were when this was first asked; none where the system does not tell."""
    return os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else set()


def require_free(host: str, port: int) -> None:
    """Refuse a port that somebody else listens on, before any work is done for it."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise ProcessError(f"cannot listen on {host}:{port}: {error.strerror}; choose another --port") from error


def cpu_seconds(pid: int) -> float:
    """The CPU time that a process and its threads have used, s; 0.0 where the system does not tell."""
    threads = list[str]()
    with suppress(OSError):  # it has ended
        for thread in Path(f"/proc/{pid}/task").iterdir():
            with suppress(OSError):  # that one has, meanwhile
                threads.append((thread / "schedstat").read_text())
    return sum(int(each.split()[0]) for each in threads) / 1e9


def pin(pid: int, core: set[int] | None) -> None:
    if core is not None:
        os.sched_setaffinity(pid, core)


def stand_back(pid: int) -> None:
    """Let others on its core go first; Linux weighs the processes of a session together where it has autogroups."""
    os.setpriority(os.PRIO_PROCESS, pid, NICE)
    with suppress(OSError):
        Path(f"/proc/{pid}/autogroup").write_text(f"{NICE}")


def stand_up(pid: int) -> None:
    """Take that back, where one may."""
    with suppress(OSError):
        os.setpriority(os.PRIO_PROCESS, pid, 0)
        Path(f"/proc/{pid}/autogroup").write_text("0")


async def spawn(module: str, arguments: Sequence[str], core: set[int] | None, *, stdin: int | None = None) -> Process:
    """Start ``python -m module`` in a session of its own, so that a Ctrl-C reaches the parent alone.

    On Linux it ends with the parent, however that ends.
    """
    search = os.pathsep.join(filter(None, (str(ROOT), os.environ.get("PYTHONPATH"))))
    process = await asyncio.create_subprocess_exec(
        *with_parent.module(module, arguments),
        stdin=stdin, stdout=PIPE, stderr=PIPE, limit=LINE_MAX, start_new_session=True,
        env=os.environ | {"PYTHONPATH": search},
    )  # fmt: skip
    pin(process.pid, core)
    return process


async def tell(process: Process, line: str) -> None:
    """ProcessError holds the last words of one that has ended."""
    assert process.stdin is not None
    try:
        process.stdin.write(f"{line}\n".encode())
        await process.stdin.drain()
    except ConnectionError as error:
        raise await _ended(process) from error


async def next_line(process: Process) -> dict[str, Any]:
    """What a process says next, in JSON; ProcessError holds its last words."""
    assert process.stdout is not None
    line = await process.stdout.readline()
    if not line:
        raise await _ended(process)
    said: dict[str, Any] = json.loads(line)
    return said


async def _ended(process: Process) -> ProcessError:
    assert process.stderr is not None
    return ProcessError(last_words((await process.stderr.read()).decode(errors="replace")) or "the process ended")


async def answer(called: str, module: str, arguments: Sequence[str], core: set[int] | None) -> Any:
    """Run ``python -m module`` to its end and read the JSON that it says; ``called`` begins an error's message."""
    process = await spawn(module, arguments, core)
    try:
        said, complained = await process.communicate()
    finally:
        await stop(process)
    if process.returncode:
        raise ProcessError(f"{called}: {last_words(complained.decode(errors='replace')) or 'no reason given'}")
    return json.loads(said)


def last_words(said: str) -> str:
    """The last lines of what a process has said, whole ones; of a traceback the error without the way to it."""
    lines = [line for line in said.rstrip().splitlines() if line.strip()][-LINES_MAX:]
    frames = [at for at, line in enumerate(lines) if line.startswith(FRAME)]
    error = lines[frames[-1] + 1 :] if frames else lines
    return "\n".join(error or lines[-1:]).strip()


async def stop(process: Process) -> None:
    """Ask a process to end, then make it; at once if whoever waits for that is told to end meanwhile."""
    if process.returncode is None:
        with suppress(ProcessLookupError):
            process.send_signal(signal.SIGTERM)
        try:
            await asyncio.wait((asyncio.create_task(process.wait()),), timeout=STOP_S)
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()


@asynccontextmanager
async def server(
    arguments: Sequence[str],
    core: set[int] | None,
    *,
    quiet: bool = False,
    program: Sequence[str] = SERVER,
    ended: Ended | None = None,
) -> AsyncIterator[tuple[str, int]]:
    """A running server's address and process id; it is stopped on the way out.

    A ``quiet`` one's warnings are not passed on: where thousands are refused nobody wants a line of each. ``program``:
    the module that is run, with what it takes before the server's own command line.
    """
    everything = ["--display", "all"]  # what is measured is what is delivered, not what is left out
    command = [*program[1:], "serve", *everything, *arguments]
    async with _serving(command, core, quiet=quiet, module=program[0], ended=ended) as running:
        yield running


@asynccontextmanager
async def edge(
    arguments: Sequence[str],
    core: set[int] | None,
    *,
    behind: bool = False,
    program: Sequence[str] = SERVER,
    ended: Ended | None = None,
) -> AsyncIterator[tuple[str, int]]:
    """A running edge's address and process id; it is stopped on the way out.

    ``behind``: until it listens it stands back, for those that work on its core already. ``program``: see `server`.
    """
    command = [*program[1:], "edge", *arguments]
    async with _serving(command, core, behind=behind, module=program[0], ended=ended) as running:
        yield running


@asynccontextmanager
async def _serving(
    command: Sequence[str],
    core: set[int] | None,
    *,
    behind: bool = False,
    quiet: bool = False,
    module: str = SERVER[0],
    ended: Ended | None = None,
) -> AsyncIterator[tuple[str, int]]:
    process = await spawn(module, command, core)
    watch = asyncio.create_task(_watch(process, ended))
    if behind:
        stand_back(process.pid)
    try:
        address = await _address(process)
        if behind:
            stand_up(process.pid)
        assert process.stderr is not None
        forward = asyncio.create_task(_forward(process.stderr, quiet=quiet))
        yield address, process.pid
    finally:
        watch.cancel()
        await stop(process)
    await forward


async def _watch(process: Process, ended: Ended | None) -> None:
    status = await process.wait()
    if ended is not None:
        ended(process.pid, status)


async def _address(process: Process) -> str:
    assert process.stderr is not None
    said: list[str] = []
    try:
        async with asyncio.timeout(START_S):
            async for line in process.stderr:
                said.append(line.decode(errors="replace").rstrip())
                if match := _URL.search(said[-1]):
                    return match[1]
    except TimeoutError:
        said.append(f"the server did not start within {START_S:g} s")
    raise ProcessError(last_words("\n".join(said)).removeprefix("livecomments: ") or "the server ended without a word")


@contextmanager
def left_out() -> Iterator[set[str]]:
    """The rungs that overloaded servers and edges, but quiet ones, climb to within it: there they leave things out."""
    rungs: set[str] = set()
    before = _LEFT_OUT.set(rungs)
    try:
        yield rungs
    finally:
        _LEFT_OUT.reset(before)


async def _forward(stream: asyncio.StreamReader, *, quiet: bool) -> None:
    """Pass on what the server warns of, at once; its ordinary lines are left out.

    As text: while a progress bar is on a terminal, `sys.stderr` is its own, and puts whole lines above it.
    """
    rungs = _LEFT_OUT.get()
    async for said in stream:
        line = said.decode(errors="replace")
        if quiet or "level=info" in line:
            continue
        if rungs is not None and (climbed := _RUNG.search(line)):
            rungs.add(climbed[1])
        sys.stderr.write(line)
        sys.stderr.flush()
