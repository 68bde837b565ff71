"""One run with real processes: a server, a cache where there is one, and viewers who ask or are told."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from simulation.bench.fanout_load import OWN_FILES, require_files
from simulation.engines import processes
from simulation.engines.api_client import gateway_token, head_cursor, open_stream
from simulation.engines.live import BUSY_MAX, LEAD_S, STREAM, connected, finish, own_cpu_s, server_arguments
from simulation.engines.nginx import Nginx, NoNginx, nginx
from simulation.engines.ports import free_port
from simulation.engines.poster import Posted, Poster
from simulation.engines.processes import ProcessError, cpu_seconds
from simulation.experiments.push_vs_pull.measured import Run
from simulation.experiments.push_vs_pull.plan import Case, Transport
from simulation.measurements import Receipts, by_seq
from simulation.result import Seconds
from simulation.scenario import Scenario

ANSWERED_S = 5.0  # after the end; a post that has no answer by then is not waited for
UNLIMITED = ["--joins-per-s", "1000000", "--viewers-max", "100000"]


@dataclass(frozen=True, slots=True)
class Running:
    """A server, with a cache in front if there is one: where viewers ask is ``front``."""

    url: str
    pid: int
    token: str
    start: str  # cursor
    folder: Path
    cache: Nginx | None

    @property
    def front(self) -> str:
        return self.cache.url if self.cache else self.url

    @property
    def used_s(self) -> tuple[float, float]:
        """What server and cache have used of a core so far."""
        return cpu_seconds(self.pid), self.cache.cpu_s if self.cache else 0.0


@asynccontextmanager
async def running(scenario: Scenario, *, cached: bool) -> AsyncIterator[Running]:
    """A server and its cache, which share a core. ProcessError says what is missing for it."""
    core = processes.cores().server
    require_files(scenario.audience.viewers + OWN_FILES)
    async with AsyncExitStack() as stack:
        made = TemporaryDirectory(prefix="livecomments-", dir=scenario.system.folder)
        folder, port = Path(stack.enter_context(made)), free_port()
        options = [*UNLIMITED, *(["--cache", f"http://127.0.0.1:{port}"] if cached else [])]
        arguments = [*server_arguments(scenario, folder, 0, folder / "data"), *options]
        # Of those whom a server that is asked for too much turns away nobody wants a line each.
        url, pid = await stack.enter_async_context(processes.server(arguments, core, quiet=True))
        try:
            cache = stack.enter_context(nginx(port, int(url.rpartition(":")[2]), core)) if cached else None
        except NoNginx as error:
            raise ProcessError(f"segments are read from a cache: {error}; --engine sim needs none") from error
        token = await gateway_token(url)
        await open_stream(url, STREAM, token)
        yield Running(url, pid, token, await head_cursor(url, STREAM), folder, cache)


@asynccontextmanager
async def viewers(
    transport: Transport, front: str, start: str, count: int, period_s: float, receipts: Path
) -> AsyncIterator[asyncio.subprocess.Process]:
    """The viewers' process, once all are connected."""
    arguments = [transport.value, front, STREAM, start, f"{count}", f"{period_s:g}", str(receipts)]
    module = "simulation.experiments.push_vs_pull.viewers"
    async with connected(module, arguments, processes.cores().load) as crowd:
        yield crowd


async def run_live(case: Case) -> tuple[Run, dict[str, Any], str]:
    """One run: what was seen, facts of it, and why it is void, if so."""
    size, variant = case.size, case.variant
    cached = variant.transport is Transport.SEGMENTS
    async with running(case.scenario, cached=cached) as started:
        receipts = started.folder / "receipts.npz"
        crowd = viewers(
            variant.transport, started.front, started.start, size.viewers, variant.every_s, receipts
        )  # fmt: skip
        async with crowd as process:
            own_s, began_s = own_cpu_s(), time.monotonic() + LEAD_S
            poster = Poster(started.url, STREAM, case.repeat, started.token)
            posted, used_s = await asyncio.gather(
                _posted(poster, case, began_s), _measured(started, process, case, began_s)
            )
            share = (own_cpu_s() - own_s) / (time.monotonic() - began_s + LEAD_S)
            head = max((seq for seq, _ in posted.accepted), default=0)
            await finish(process, 0 if posted.failed else head)  # without all of them nobody need wait for any
            counts = await last_words(process)
        latencies_s = _latencies_s(Receipts.load(receipts), posted, began_s + size.warm_s)
    run = Run(
        viewers=size.viewers, seconds=size.measured_s, latencies_s=latencies_s, requests=counts["requests"],
        answers=counts["answers"], empty=counts["empty"], server_s=used_s[0], cache_s=used_s[1],
        wire_bytes=counts["wire_bytes"], processes=1 + cached, lost=counts["lost"], doubled=counts["duplicated"],
    )  # fmt: skip
    busy = share + counts["cpu_share"]
    facts = {"viewers": size.viewers, "generator_busy": round(busy, 3), "posts": posted.count}
    facts |= {name: counts[name] for name in ("reconnects", "refused")}
    return run, facts, why_void(busy, posted.rejected, int(counts["refused"])) or run.why_full()


def why_void(busy: float, posts: int, questions: int) -> str:
    """How busy the load generator was, and how many posts and questions of viewers nobody would answer."""
    found = {
        f"the load generator used {busy:.1%} of its core": busy > BUSY_MAX,
        f"the server did not take {posts:,} posts": posts,
        f"the server turned viewers away {questions:,} times": questions,
    }
    return ", and ".join(words for words, happened in found.items() if happened)


async def _posted(poster: Poster, case: Case, began_s: float) -> Posted:
    posts, posted = case.posts(), poster.posted
    try:
        async with asyncio.timeout(began_s + case.size.seconds + ANSWERED_S - time.monotonic()):
            await poster.run(posts, began_s)
    except TimeoutError:
        posted.failed += len(posts) - posted.count
    return posted


async def _measured(
    started: Running, process: asyncio.subprocess.Process, case: Case, began_s: float
) -> tuple[float, float]:
    """Have the viewers mark both ends of what is measured; the answer is what server and cache used between."""
    seen = []
    for at_s in (case.size.warm_s, case.size.seconds):
        await asyncio.sleep(began_s + at_s - time.monotonic())
        seen.append(started.used_s)
        await processes.tell(process, "mark")
    return seen[1][0] - seen[0][0], seen[1][1] - seen[0][1]


async def last_words(process: asyncio.subprocess.Process) -> dict[str, float]:
    """What the viewers say at the end, past their progress."""
    while "lost" not in (said := await processes.next_line(process)):
        pass
    return said


def _latencies_s(receipts: Receipts, posted: Posted, from_s: float) -> Seconds:
    """From when a comment was meant to be posted until each viewer had it."""
    seqs, times_s = receipts.per_comment()
    meant_s = by_seq([each for each in posted.accepted if each[1] >= from_s], int(seqs.max(initial=0)) + 1)
    latencies_s = times_s - meant_s[seqs]
    return np.asarray(latencies_s[np.isfinite(latencies_s)])
