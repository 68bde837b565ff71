"""The fleet that faults befall: two API processes on one log, a Redis, edges behind bad networks, workers; all real.

The log is a PostgreSQL of the run's own where that is installed, else one SQLite file for both API processes. An edge
reaches the broker through a proxy of its own, so that its network can fail alone.
"""

import shutil
import struct
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from reference_impl.compiled import NotCompiled, compiled
from simulation.chaos.member import Member, started
from simulation.chaos.redises import Sync, address_of, one_redis, redis_cluster
from simulation.engines import processes
from simulation.engines.ports import free_port
from simulation.engines.postgres import Postgres, postgres_programs
from simulation.engines.processes import ProcessError
from simulation.engines.tcp_proxy import TcpProxy

SHIM = Path(__file__).parent / "native" / "unreliable.c"
PROGRAM = [sys.executable, "-m", "reference_impl"]
UNLIMITED = ["--display", "all", "--rate-burst", "1000000", "--address-viewers-max", "10000", "--heartbeat-s", "1"]


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
    workers: list[Member]  # where the faults are theirs: nobody else dies then who may have what is to be counted
    redises: list[Member]  # one, or the masters and replicas of a cluster
    postgres: Postgres | None
    unreliable: Unreliable

    def stored(self) -> tuple[int, int] | None:
        """How many events SQL has, and their highest ``seq``; None for what only the server may open."""
        if self.postgres is None:
            return None
        count, head = self.postgres.query("SELECT count(*), coalesce(max(seq), 0) FROM events").split("|")
        return int(count), int(head)


@asynccontextmanager
async def fleet(*, cluster: bool = False, workers: bool = False, hot: Sync | None = None) -> AsyncIterator[Fleet]:
    """A running fleet; with ``hot`` its Redis acknowledges comments. ProcessError says what is missing for it."""
    async with AsyncExitStack() as stack:
        folder = _folder(stack)
        unreliable = Unreliable(folder)
        postgres = _postgres(stack, folder, unreliable)
        redises = await (redis_cluster(stack, folder) if cluster else one_redis(stack, folder, hot or Sync.NEVER))
        address = address_of(redises)
        log = ["--log", postgres.url] if postgres else []
        if postgres:
            await _migrate(log)
        data = ["--data", str(folder / "data")]
        broker = ["--broker", address]
        hot_first = ["--log-mode", "hot-first", "--hot", address] if hot else []
        queue = ["--workers", address] if workers else []
        serve = ["serve", *UNLIMITED, *data, *log, *broker, *hot_first, *queue]
        apis = [await started(stack, _member(f"api-{number}", serve, unreliable)) for number in range(2)]
        networks, edges = [], []
        for number in range(2):
            if not cluster:  # whose nodes name each other's addresses
                networks.append(
                    await stack.enter_async_context(TcpProxy("127.0.0.1", redises[0].port, number).running())
                )
                broker = ["--broker", f"redis://127.0.0.1:{networks[-1].port}"]
            at = [*data, *broker, *_each("--api", apis)]
            limits = ["--address-viewers-max", "10000", "--heartbeat-s", "1"]
            edges.append(await started(stack, _member(f"edge-{number}", ["edge", *limits, *at], unreliable)))
        names = [f"worker-{number}" for number in range(2)] if queue else []
        work = ["worker", *data, *log, *queue, *(["--hot", address] if hot else []), "--broker", address]
        employed = [Member(name, [*PROGRAM, *work], 0) for name in names]
        for member in employed:
            await started(stack, member)
        yield Fleet(apis, edges, networks, employed, redises, postgres, unreliable)


def _folder(stack: AsyncExitStack) -> Path:
    """A directory that PostgreSQL's user can look into, too."""
    folder = Path(stack.enter_context(TemporaryDirectory(prefix="livecomments-chaos-")))
    folder.chmod(0o755)
    return folder


def _each(option: str, members: Sequence[Member]) -> list[str]:
    return [part for member in members for part in (option, member.url)]


def _member(name: str, arguments: Sequence[str], unreliable: Unreliable) -> Member:
    port = free_port()
    command = [*PROGRAM, *arguments, "--port", f"{port}"]
    return Member(name, command, port, unreliable.environment)


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
