"""The processes of a live run: an API on a SQLite log, a Redis, an edge or a relay, and the networks between them."""

from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import urlsplit

from simulation.bench.ingest import UNLIMITED
from simulation.chaos.member import started
from simulation.engines import processes
from simulation.engines.api_client import open_stream, user_token
from simulation.engines.ports import free_port
from simulation.engines.processes import cpu_seconds
from simulation.experiments.delivery_guarantees.networks import BrokenWay, LosingProxy
from simulation.experiments.delivery_guarantees.plan import Case
from simulation.experiments.failover.fleet import redis_on

STREAM = "final"
ALLOWED = ("read", "post", "moderate", "admin")
EDGE_OPTIONS = ["--address-viewers-max", "10000"]


@dataclass(slots=True)
class Fleet:
    """``url`` is the API's, ``edge_url`` and ``relay_url`` viewers'; ``way`` leads to the API, ``broker`` to Redis."""

    url: str
    token: str
    folder: Path
    way: LosingProxy
    broker: BrokenWay
    redis_port: int
    edge_url: str
    relay_url: str
    pids: dict[str, int]

    def cpu_s(self) -> dict[str, float]:
        """What each process of the server has used so far."""
        return {name: cpu_seconds(pid) for name, pid in self.pids.items()}


@asynccontextmanager
async def fleet(case: Case, *, edge: bool, relay: bool, measured: bool = False) -> AsyncIterator[Fleet]:
    """A running fleet, on one core; a measured API writes its stamps. ProcessError says what is missing for it."""
    core = processes.cores().server
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory(prefix="livecomments-delivery-")))
        redis = await started(stack, redis_on(free_port(), folder))
        assert redis.process is not None
        processes.pin(redis.process.pid, core)
        broker = BrokenWay("127.0.0.1", redis.port)
        await stack.enter_async_context(broker.running())
        data = ["--port", "0", "--data", str(folder / "data")]
        stamps = ["--measure", str(folder / "measure.csv")] if measured else []
        serve = [*data, *UNLIMITED, *stamps, "--broker", f"redis://127.0.0.1:{redis.port}"]
        url, pid = await stack.enter_async_context(processes.server(serve, core))
        way = LosingProxy("127.0.0.1", urlsplit(url).port or 80, case.fate)
        await stack.enter_async_context(way.running())
        token = await user_token(url, "author", *ALLOWED)
        await open_stream(url, STREAM, token)
        pids, urls = {"redis": redis.process.pid, "api": pid}, {"edge": "", "relay": ""}
        if edge:
            follow = [*data, *EDGE_OPTIONS, "--api", url, "--broker", f"redis://127.0.0.1:{broker.port}"]
            urls["edge"], pids["edge"] = await stack.enter_async_context(processes.edge(follow, core))
        if relay:
            urls["relay"], pids["relay"] = await stack.enter_async_context(_relay(broker.port, case, core))
        yield Fleet(url, token, folder, way, broker, redis.port, urls["edge"], urls["relay"], pids)


@asynccontextmanager
async def _relay(broker_port: int, case: Case, core: set[int] | None) -> AsyncIterator[tuple[str, int]]:
    module = "simulation.experiments.delivery_guarantees.relay"
    process = await processes.spawn(
        module, [f"{broker_port}", STREAM, f"delivery {case.repeat} broker"], core, stdin=PIPE
    )
    try:
        yield f"http://127.0.0.1:{(await processes.next_line(process))['port']}", process.pid
    finally:
        await processes.stop(process)
