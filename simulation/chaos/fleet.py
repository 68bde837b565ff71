"""The fleet that faults befall: two API processes on one log, a Redis, two edges behind bad networks; all real.

The log is a PostgreSQL of the run's own where that is installed, else one SQLite file for both API processes. An edge
reaches the broker through a proxy of its own, so that its network can fail alone.
"""

import asyncio
import os
import shutil
import signal
import struct
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

from reference_impl.compiled import NotCompiled, compiled
from simulation.bench.fanout_servers import free_port
from simulation.engines import processes
from simulation.engines.postgres import Postgres, postgres_programs
from simulation.engines.processes import ProcessError
from simulation.engines.tcp_proxy import TcpProxy

SHIM = Path(__file__).parent / "native" / "unreliable.c"
UNLIMITED = ["--display", "all", "--rate-burst", "1000000", "--address-viewers-max", "10000", "--heartbeat-s", "1"]
START_S = 30.0
LINE_MAX = 1024 * 1024


@dataclass(slots=True)
class Member:
    """A process that the run has started and may end; it keeps its port, as behind a service's name."""

    name: str
    command: Sequence[str]
    port: int
    environment: Mapping[str, str] = field(default_factory=dict)
    process: asyncio.subprocess.Process | None = None
    said: list[str] = field(default_factory=list)
    _reader: "asyncio.Task[None] | None" = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def start(self) -> None:
        """Start it, and wait until its port answers."""
        self.process = await asyncio.create_subprocess_exec(
            *self.command, stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.PIPE, limit=LINE_MAX,
            start_new_session=True, env=os.environ | self.environment, cwd=processes.ROOT,
        )  # fmt: skip
        self._reader = asyncio.create_task(self._read())
        async with asyncio.timeout(START_S):
            while not await answers(self.port):
                if self.process.returncode is not None:
                    raise ProcessError(f"{self.name} ended: {' '.join(self.said[-3:])}")
                await asyncio.sleep(0.02)

    async def kill(self) -> None:
        self._signal(signal.SIGKILL)
        if self.process is not None:
            await self.process.wait()
        if self._reader is not None:
            await self._reader

    def pause(self) -> None:
        self._signal(signal.SIGSTOP)

    def resume(self) -> None:
        self._signal(signal.SIGCONT)

    def _signal(self, number: int) -> None:
        if self.process is not None and self.process.returncode is None:
            with suppress(ProcessLookupError):
                os.killpg(self.process.pid, number)

    async def _read(self) -> None:
        assert self.process is not None
        assert self.process.stderr is not None
        async for line in self.process.stderr:
            self.said = [*self.said[-99:], line.decode(errors="replace").rstrip()]


class Unreliable:
    """The numbers that the shim in front of libc goes by; ``why_not``: there is none without a compiler."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / "unreliable"
        self.set()
        self.why_not = ""
        try:
            self._library: Path | None = folder / "unreliable.so"  # where PostgreSQL's user can read it, too
            shutil.copy(compiled(SHIM, "-shared", "-fPIC"), self._library)
            self._library.chmod(0o755)
        except NotCompiled as error:
            self._library, self.why_not = None, str(error)

    @property
    def environment(self) -> dict[str, str]:
        if self._library is None:
            return {}
        return {"LD_PRELOAD": str(self._library), "LIVECOMMENTS_UNRELIABLE": str(self._file)}

    def set(self, *, sync_ms: int = 0, clock_ms: int = 0) -> None:
        """Make disks slow and wall clocks wrong, from now on."""
        with self._file.open("r+b" if self._file.exists() else "w+b") as file:
            file.write(struct.pack("ll", sync_ms, clock_ms))
        self._file.chmod(0o644)


@dataclass(slots=True)
class Fleet:
    apis: list[Member]
    edges: list[Member]
    networks: list[TcpProxy]  # of each edge, to the broker
    redis: Member
    postgres: Postgres | None
    unreliable: Unreliable
    folder: Path

    def stored(self) -> tuple[int, int] | None:
        """How many events SQL has, and their highest ``seq``; None for what only the server may open."""
        if self.postgres is None:
            return None
        count, head = self.postgres.query("SELECT count(*), coalesce(max(seq), 0) FROM events").split("|")
        return int(count), int(head)


@asynccontextmanager
async def fleet() -> AsyncIterator[Fleet]:
    """A running fleet; ProcessError says what is missing for it."""
    program = shutil.which("redis-server")
    if program is None:
        raise ProcessError("chaos needs a redis-server that it can kill (apt-get install redis-server)")
    async with AsyncExitStack() as stack:
        folder = _folder(stack)
        unreliable = Unreliable(folder)
        postgres = _postgres(stack, folder, unreliable)
        port = free_port()
        keeps_nothing = ["--save", "", "--bind", "127.0.0.1", "--dir", str(folder)]
        redis = await _started(stack, Member("redis", [program, "--port", f"{port}", *keeps_nothing], port))
        log = ["--log", postgres.url] if postgres else []
        if postgres:
            await _migrate(log)
        data = ["--data", str(folder / "data")]
        broker = ["--broker", f"redis://127.0.0.1:{port}"]
        apis = []
        for number in range(2):
            member = _member(f"api-{number}", ["serve", *UNLIMITED, *data, *log, *broker], unreliable)
            apis.append(await _started(stack, member))
        networks, edges = [], []
        for number in range(2):
            networks.append(await stack.enter_async_context(TcpProxy("127.0.0.1", port, number).running()))
            at = [*data, "--broker", f"redis://127.0.0.1:{networks[-1].port}", *_each("--api", apis)]
            limits = ["--address-viewers-max", "10000", "--heartbeat-s", "1"]
            edges.append(await _started(stack, _member(f"edge-{number}", ["edge", *limits, *at], unreliable)))
        yield Fleet(apis, edges, networks, redis, postgres, unreliable, folder)


async def answers(port: int) -> bool:
    try:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
    except OSError:
        return False
    writer.close()
    return True


def _folder(stack: AsyncExitStack) -> Path:
    """A directory that PostgreSQL's user can look into, too."""
    folder = Path(stack.enter_context(TemporaryDirectory(prefix="livecomments-chaos-")))
    folder.chmod(0o755)
    return folder


def _each(option: str, members: Sequence[Member]) -> list[str]:
    return [part for member in members for part in (option, member.url)]


def _member(name: str, arguments: Sequence[str], unreliable: Unreliable) -> Member:
    port = free_port()
    command = [sys.executable, "-m", "reference_impl", *arguments, "--port", f"{port}"]
    return Member(name, command, port, unreliable.environment)


async def _started(stack: AsyncExitStack, member: Member) -> Member:
    stack.push_async_callback(member.kill)
    await member.start()
    return member


def _postgres(stack: AsyncExitStack, folder: Path, unreliable: Unreliable) -> Postgres | None:
    programs = postgres_programs()
    if programs is None:
        return None
    (folder / "postgres").mkdir()
    postgres = Postgres(programs, folder / "postgres", unreliable.environment)
    postgres.start()
    stack.callback(postgres.stop)
    return postgres


async def _migrate(log: Sequence[str]) -> None:
    process = await processes.spawn("reference_impl", ["migrate", *log], None)
    _, complained = await process.communicate()
    if process.returncode:
        raise ProcessError(complained.decode(errors="replace"))
