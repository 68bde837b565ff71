"""The load of the fan-out benchmark: a crowd of viewers in a process of its own, and comments at fixed times.

The crowd is `native/client.c` where a compiler is there. Without one `fanout_client.py` speaks the same lines; it reads
every byte in Python and is at its limit with some 200,000 deliveries/s, less than a server with a window sends.
"""

import asyncio
import json
import os
import resource
import socket
import sys
import time
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from reference_impl.compiled import NotCompiled, compiled
from simulation.bench.fanout_servers import NATIVE, Running
from simulation.engines import processes, with_parent

OPEN_S = 60.0
LAST_S = 10.0  # for what was published last to reach everybody
SAMPLED = 64  # viewers whose every byte is read, about
TICK_S = 0.010  # comments that are due within one go in one request
PUBLISHERS = 8
STALLED_BYTES = 4096
START_NS = 50_000_000
SETTLE_S = 0.1  # nothing new for so long: everybody has what was sent
OWN_FILES = 500  # descriptors that a process needs besides its viewers'


@dataclass(frozen=True, slots=True)
class Load:
    """Comments a second, and for how long."""

    rate: float
    seconds: float

    @property
    def comments(self) -> int:
        return max(1, round(self.rate * self.seconds))


class Crowd:
    """Viewers that are connected; ``ask`` sends one line and answers one."""

    def __init__(self, process: Process, language: str) -> None:
        self._process = process
        self.language = language

    async def ask(self, line: str) -> str:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(f"{line}\n".encode())
        answer = await self._process.stdout.readline()
        if not answer:
            raise processes.ProcessError("the viewers' process has ended")
        return answer.decode().strip()

    async def all_have(self, number: int) -> bool:
        """Wait until every viewer that is looked at has that comment."""
        until_s = time.monotonic() + LAST_S
        while int(await self.ask("last")) < number:
            if time.monotonic() > until_s:
                return False
            await asyncio.sleep(0.05)
        return True

    async def settled_counts(self) -> dict[str, Any]:
        """Counts that stay as they are: who is looked at may have everything a moment before the others."""
        counted, before = await self._counts(), None
        until_s = time.monotonic() + LAST_S
        while counted["bytes"] != before and time.monotonic() < until_s:
            await asyncio.sleep(SETTLE_S)
            counted, before = await self._counts() | {"idle_share": counted["idle_share"]}, counted["bytes"]
        return counted

    async def _counts(self) -> dict[str, Any]:
        counted: dict[str, Any] = json.loads(await self.ask("stop"))
        return counted


def _client() -> list[str]:
    try:
        return [str(compiled(NATIVE / "client.c"))]
    except NotCompiled:
        return [sys.executable, "-m", "simulation.bench.fanout_client"]


@asynccontextmanager
async def crowd(server: Running, viewers: int, core: set[int] | None) -> AsyncIterator[Crowd]:
    """Viewers on their core, all connected; they go on the way out."""
    require_files(viewers + OWN_FILES)
    command = _client()
    arguments = [str(server.port), str(viewers), str(max(1, viewers // SAMPLED)), server.first_send]
    root = Path(__file__).parents[2]
    process = await asyncio.create_subprocess_exec(
        *with_parent.program([*command, *arguments]),
        stdin=PIPE, stdout=PIPE, env=os.environ | {"PYTHONPATH": str(root)}, start_new_session=True,
    )  # fmt: skip
    try:
        processes.pin(process.pid, core)
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(server.request + b"\0")
        if (await asyncio.wait_for(process.stdout.readline(), OPEN_S)).strip() != b"ready":
            raise processes.ProcessError(f"{viewers} viewers could not be connected")
        yield Crowd(process, "C" if len(command) == 1 else "Python")
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


@asynccontextmanager
async def stalled(server: Running, readers: int) -> AsyncIterator[None]:
    """Viewers who connect and then do not read; their receive buffers are small, so that they are behind at once."""
    loop, sockets = asyncio.get_running_loop(), []
    try:
        for _ in range(readers):
            sock = socket.socket()
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, STALLED_BYTES)
            sock.setblocking(False)
            sockets.append(sock)
            await loop.sock_connect(sock, ("127.0.0.1", server.port))
            await loop.sock_sendall(sock, server.request)
        yield
    finally:
        for sock in sockets:
            sock.close()


def files_max() -> int:
    """How many files a process may have open here, at the most."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    return sys.maxsize if hard == resource.RLIM_INFINITY else hard


def require_files(count: int) -> None:
    """Raise the soft limit on open files, which a process hands down to those it starts."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if files_max() < count:
        raise processes.ProcessError(f"{count:,} open files are needed and the hard limit is {hard:,}: ulimit -Hn")
    if soft != resource.RLIM_INFINITY and soft < count:
        resource.setrlimit(resource.RLIMIT_NOFILE, (count, hard))


async def publish(server: Running, load: Load) -> None:
    """Publish numbered comments, each stamped with when it was due, however late the server takes it.

    Several connections take turns, so that a slow answer does not hold up what is due after it.
    """
    free: asyncio.Queue[_Publisher] = asyncio.Queue()
    publishers = [await _Publisher.connect(server.port) for _ in range(PUBLISHERS)]
    for publisher in publishers:
        free.put_nowait(publisher)
    start_ns = time.monotonic_ns() + START_NS
    try:
        async with asyncio.TaskGroup() as tasks:
            for numbers in _requests(load, server.batch_max):
                due_ns = [start_ns + round((number - 1) / load.rate * 1e9) for number in numbers]
                await asyncio.sleep((due_ns[-1] - time.monotonic_ns()) / 1e9)
                texts = [f"@@{number} {due} goal!" for number, due in zip(numbers, due_ns, strict=True)]
                tasks.create_task((await free.get()).send(server.publication(texts), free))
    except* processes.ProcessError as errors:
        raise processes.ProcessError(str(errors.exceptions[0])) from errors
    finally:
        for publisher in publishers:
            publisher.close()


def _requests(load: Load, batch_max: int) -> Iterator[range]:
    """Comments that are due within a tick go together, when the last of them is due."""
    each = min(batch_max, max(1, round(load.rate * TICK_S)))
    for first in range(1, load.comments + 1, each):
        yield range(first, min(first + each, load.comments + 1))


class _Publisher:
    """One connection, for one request at a time."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    @classmethod
    async def connect(cls, port: int) -> "_Publisher":
        return cls(*await asyncio.open_connection("127.0.0.1", port))

    async def send(self, request: bytes, free: "asyncio.Queue[_Publisher]") -> None:
        self._writer.write(request)
        head = await self._reader.readuntil(b"\r\n\r\n")
        if head[9:10] != b"2":
            raise processes.ProcessError(f"a publication was answered {head[:80]!r}")
        length = head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0]
        await self._reader.readexactly(int(length or 0))
        free.put_nowait(self)

    def close(self) -> None:
        self._writer.close()
