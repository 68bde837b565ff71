"""One run with real processes: a server on a core, its Redis and this load on another, and what is asked of them."""

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import aiohttp
import redis.asyncio

from simulation.bench.http_load import Answers, at_times, request_bytes
from simulation.bench.ingest import UNLIMITED
from simulation.chaos import member
from simulation.chaos.member import Member
from simulation.engines import processes
from simulation.engines.api_client import gateway_token, open_stream
from simulation.engines.live import BUSY_MAX, own_cpu_s
from simulation.engines.ports import free_port
from simulation.engines.poster import Poster
from simulation.engines.processes import cpu_seconds
from simulation.experiments.caching.measured import Run
from simulation.experiments.caching.plan import AGE_S, LIMIT, STORED, Case, Outage, Variant
from simulation.experiments.failover.fleet import redis_on
from simulation.trace import Post

STREAM = "demo"
PAGES = f"/v1/streams/{STREAM}/comments"
CONNECTIONS = 300  # more than wait at once, so that a reader never waits for another one's


@dataclass(frozen=True, slots=True)
class Running:
    """A server with a stream of some length, and its cache, which has forgotten it."""

    url: str
    pid: int
    token: str
    cache: Member
    folder: Path

    async def counts(self) -> dict[str, float]:
        """Pages by how they were found, since the server began."""
        async with aiohttp.ClientSession() as session, session.get(f"{self.url}/health") as answer:
            found: dict[str, float] = (await answer.json())["recent"]
        return found

    async def forget(self) -> None:
        async with redis.asyncio.Redis(port=self.cache.port, protocol=2) as client:
            await client.flushall()


def newest_page() -> bytes:
    return request_bytes("GET", f"{PAGES}?limit={LIMIT}")


@asynccontextmanager
async def running(variant: Variant, age_s: float = AGE_S) -> AsyncIterator[Running]:
    """A server as the variant has it. ProcessError says what is missing for it."""
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory(prefix="livecomments-caching-")))
        cache = await member.started(stack, redis_on(free_port(), folder, fake=False))
        if cache.process:
            processes.pin(cache.process.pid, processes.cores().load)
        options = ["--recent", f"redis://127.0.0.1:{cache.port}", "--recent-age-s", f"{age_s:g}"]
        options += [word for part in variant.without for word in ("--recent-without", part)]
        arguments = ["--port", "0", "--data", str(folder / "data"), *UNLIMITED, *(options if variant.cached else [])]
        serving = processes.server(arguments, processes.cores().server)
        url, pid = await stack.enter_async_context(serving)
        token = await gateway_token(url)
        await open_stream(url, STREAM, token)
        await _fill(url, token)
        started = Running(url, pid, token, cache, folder)
        await started.forget()
        yield started


async def run_live(case: Case) -> tuple[Run, dict[str, Any], str]:
    """One run: what was seen, facts of it, and why it is void, if so."""
    async with running(case.variant) as started:
        before, cpu_s, began_s = await started.counts(), own_cpu_s(), time.monotonic()
        server_s = cpu_seconds(started.pid)
        poster = Poster(started.url, STREAM, case.repeat, started.token)
        posts = [Post(at_s, f"author{number}", f"What a goal! {number}") for number, at_s in enumerate(case.posts_s())]
        answers, posted, _ = await asyncio.gather(
            at_times(started.url, CONNECTIONS, case.readers_s(), newest_page),
            poster.run(posts, time.monotonic()),
            _befall(started, case),
        )
        server_s = cpu_seconds(started.pid) - server_s
        busy = (own_cpu_s() - cpu_s) / (time.monotonic() - began_s)
        after = await started.counts()
    found = {name: after[name] - before.get(name, 0) for name in after}
    why = f"the load used {busy:.0%} of its core" if busy > BUSY_MAX else ""
    why = why or (f"{posted.rejected} posts were refused or not answered" if posted.rejected else "")
    return _run(case, answers, found, server_s), {"generator_busy": round(busy, 3)}, why


def _run(case: Case, answers: Answers, found: dict[str, float], server_s: float) -> Run:
    asked = sum(count for name, count in found.items() if name not in ("hit_rate", "log_reads"))
    return Run(
        waits_s=answers.latency_s,
        failed=answers.bad,
        hits=int(found.get("hit", 0)),
        asked=int(asked),
        reads=int(found["log_reads"]),
        seconds=case.size.seconds,
        busy_s=server_s,
    )


async def _befall(started: Running, case: Case) -> None:
    await asyncio.sleep(case.size.outage_at_s)
    if case.variant.outage is Outage.KILLED:
        await started.cache.kill()
    elif case.variant.outage is Outage.SILENT:
        started.cache.pause()


async def _fill(url: str, token: str) -> None:
    """Import what the stream has before anybody reads."""
    comments: Sequence[dict[str, Any]] = [
        {"text": f"What a goal! {number * 7919 % 1_000_003}", "author": {"id": f"u{number % 100}"}}
        for number in range(STORED)
    ]
    body = {"comments": comments, "trusted": True}
    headers = {"Authorization": f"Bearer {token}"}
    async with (
        aiohttp.ClientSession(raise_for_status=True, headers=headers) as session,
        session.post(f"{url}{PAGES}:batch", json=body) as answer,
    ):
        await answer.read()
