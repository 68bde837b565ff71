"""The processes of a live run: an API on SQLite, a Redis, and edges that are started while it goes on.

Edges share the first core, as the model's do; whatever makes the load, the API and the Redis have the other one.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

import aiohttp

from reference_impl.policy.connections import ConnectionConfig
from simulation.bench.ingest import UNLIMITED
from simulation.engines import processes
from simulation.engines.processes import cpu_seconds
from simulation.engines.redis import redis
from simulation.experiments.flash_crowd.plan import Seen

ANSWER_S = 2.0


@dataclass(frozen=True, slots=True)
class Edge:
    url: str
    pid: int


@dataclass(slots=True)
class Site:
    """``edges`` are those that take viewers."""

    url: str
    folder: Path
    _stack: AsyncExitStack
    _arguments: Sequence[str]
    edges: list[Edge] = field(default_factory=list)
    _turn: asyncio.Lock = field(default_factory=asyncio.Lock)

    @property
    def urls(self) -> str:
        """Of edges that take viewers, as the viewers' process wants them."""
        return ",".join(edge.url for edge in self.edges)

    async def start_edge(self, connections: ConnectionConfig, *, behind: bool = False) -> Edge:
        """One more; it takes viewers when this is over.

        One after another: of several that begin together on one core none would be there before all are. ``behind``:
        until it listens it stands back for those that work, as a machine of its own would not slow them down.
        """
        bounds = {
            "--viewers-max": connections.viewers_max,
            "--address-viewers-max": connections.per_address_max,
            "--joins-per-s": connections.joins_per_s,
        }
        words = [word for name, value in bounds.items() for word in (name, f"{value}")]
        async with self._turn:
            serving = processes.edge([*self._arguments, *words], processes.cores().server, behind=behind)
            edge = Edge(*(await self._stack.enter_async_context(serving)))
        self.edges.append(edge)
        return edge


@asynccontextmanager
async def asking() -> AsyncIterator[aiohttp.ClientSession]:
    """For questions that are given up when an edge does not answer."""
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=ANSWER_S)) as session:
        yield session


@asynccontextmanager
async def site(connections: ConnectionConfig, edges: int) -> AsyncIterator[Site]:
    """So many edges that let in so many viewers. ProcessError says what is missing."""
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory(prefix="livecomments-flash-")))
        broker, _ = await stack.enter_async_context(redis(folder))
        if not broker:
            raise processes.ProcessError("edges need a Redis here, and there is none: apt-get install redis-server")
        data = ["--port", "0", "--data", str(folder / "data"), "--broker", broker]
        url, _ = await stack.enter_async_context(processes.server([*data, *UNLIMITED], processes.cores().load))
        started = Site(url, folder, stack, [*data, "--api", url])
        await asyncio.gather(*(started.start_edge(connections) for _ in range(edges)))
        yield started


class Watch:
    """Looks at edges now and then, as an autoscaler does."""

    def __init__(self, site: Site, session: aiohttp.ClientSession) -> None:
        self._site = site
        self._session = session
        self._tries: dict[str, int] = {}
        self._cpu_s: dict[int, float] = {}

    async def look(self, passed_s: float) -> Seen:
        """What has come of all edges in the time since the last look."""
        edges = list(self._site.edges)
        told = await asyncio.gather(*map(self._told, edges))
        tries = {edge.url: _tries(each) for edge, each in zip(edges, told, strict=True) if each}
        cpu_s = {edge.pid: cpu_seconds(edge.pid) for edge in edges}
        # What a new one used before it was there was for starting it.
        used_s = sum(now_s - self._cpu_s.get(pid, now_s) for pid, now_s in cpu_s.items())
        new = sum(count - self._tries.get(url, 0) for url, count in tries.items())
        self._tries |= tries
        self._cpu_s = cpu_s
        return Seen(sum(each.get("viewers", 0) for each in told), new / passed_s, used_s / passed_s)

    async def tries(self, edge: Edge) -> int:
        """How many have wanted to come in, since it began."""
        return _tries(await self._told(edge))

    async def _told(self, edge: Edge) -> Mapping[str, int]:
        """Nothing, if it does not answer."""
        try:
            async with self._session.get(f"{edge.url}/health") as answer:
                joining: Mapping[str, int] = (await answer.json())["joining"]
        except (aiohttp.ClientError, TimeoutError, OSError):
            return {}
        return joining


def _tries(joining: Mapping[str, int]) -> int:
    return joining.get("joined", 0) + joining.get("refused", 0)
