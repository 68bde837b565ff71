"""A failover variant with real processes: a fleet, its crowd, one fault, and what was seen of it."""

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import redis

from simulation.engines.api_client import head_cursor, open_stream, user_token
from simulation.engines.live import BUSY_MAX, connected, finish, own_cpu_s
from simulation.engines.processes import next_line
from simulation.experiments.failover.authors import Authors, cheer
from simulation.experiments.failover.fleet import Fleet, fleet
from simulation.experiments.failover.plan import (
    BEFORE_S,
    FANS,
    REACT_ON_S,
    RESTART_S,
    WORK_SEEN_S,
    Variant,
)
from simulation.experiments.failover.record import Record

STREAM = "final"
PARTS = 8  # of the queue of reactions
LOOK_S = 0.02
JOINED_S = 0.3  # of calm between the last viewer's joining and the first post
ALLOWED = ("read", "post", "moderate", "admin")


async def run_variant(variant: Variant, seed: int) -> tuple[Record, dict[str, Any], str]:
    """One run: what was seen, facts of it, and why it is void, if so."""
    async with fleet(variant) as started:
        url = started.api.url
        token = await user_token(url, "author", *ALLOWED)
        await open_stream(url, STREAM, token)
        receipts = started.folder / "receipts.npz"
        async with viewers(started, variant.viewers, jitter=variant.jitter, receipts=receipts) as crowd:
            await asyncio.sleep(JOINED_S)
            return await _run(started, variant, Authors(_of_stream(url, "comments"), token, Random(seed)), crowd)


async def _run(
    started: Fleet, variant: Variant, authors: Authors, crowd: asyncio.subprocess.Process
) -> tuple[Record, dict[str, Any], str]:
    began_s, cpu_s, stop = time.monotonic(), own_cpu_s(), asyncio.Event()
    writing = asyncio.create_task(authors.run(variant.rate_per_s, stop))
    reacting = asyncio.Event()
    done = asyncio.create_task(_react(started, variant, reacting))
    await asyncio.sleep(BEFORE_S)
    fault_s = time.monotonic()
    befalling = asyncio.create_task(befall(started, variant))
    work = asyncio.create_task(_work_done_s(started, variant, reacting, fault_s))
    await asyncio.sleep(variant.after_s)
    end_s = time.monotonic()
    stop.set()
    start_s = await befalling
    await asyncio.gather(writing, done)
    work_done_s = await work
    share = (own_cpu_s() - cpu_s) / (time.monotonic() - began_s)
    head = int((await head_cursor(started.api.url, STREAM)).split(":")[1])
    await finish(crowd, head)
    counts = await next_line(crowd)
    seen = np.load(started.folder / "receipts.npz")
    record = Record(
        fault_s=fault_s, end_s=end_s, meant_s=authors.meant_s, receipts=seen["seen"], joins_s=seen["joins_s"],
        affected=range(variant.viewers if variant.name.startswith("edge") else variant.viewers * variant.crowds),
        tries=authors.tries, lost=counts["lost"], doubled=counts["duplicated"], work_done_s=work_done_s,
    )  # fmt: skip
    busy = max(share, counts["cpu_share"])
    why_void = f"the load generator used {busy:.0%} of its core" if busy > BUSY_MAX else ""
    if authors.given_up:
        why_void = why_void or f"{authors.given_up} posts were given up"
    facts = {"generator_busy": round(busy, 3), "posts": len(authors.meant_s), "reconnects": counts["reconnects"]}
    facts["start_s"] = round(start_s, 2)
    return record, facts, why_void


async def befall(started: Fleet, variant: Variant) -> float:
    """The fault, and its end; the answer is how long a process took to start that was killed."""
    if variant.name.startswith("log"):
        with started.stalled_log():
            await asyncio.sleep(variant.stall_s)
        return 0.0
    killed = started.redis if variant.name == "broker" else (started.workers or started.edges)[0]
    assert killed is not None
    await killed.kill()
    if started.workers:
        return 0.0
    await asyncio.sleep(RESTART_S)
    began_s = time.monotonic()
    await killed.start()
    return time.monotonic() - began_s


@asynccontextmanager
async def viewers(
    started: Fleet, each: int, *, receipts: Path, jitter: bool = True, start: str = "", urls: Sequence[str] = ()
) -> AsyncIterator[asyncio.subprocess.Process]:
    """The viewers' process, once all are connected, so many at each edge or address."""
    start = start or await head_cursor(started.api.url, STREAM)
    arguments = [",".join(urls or started.urls), STREAM, start, f"{each}", f"{jitter:d}", str(receipts)]
    async with connected("simulation.experiments.failover.viewers", arguments, None) as crowd:
        yield crowd


async def _react(started: Fleet, variant: Variant, stop: asyncio.Event) -> None:
    if variant.workers:
        url = started.api.url
        tokens = [await user_token(url, f"fan{number}") for number in range(FANS)]
        await cheer(_of_stream(url, "reactions"), tokens, stop)


async def _work_done_s(started: Fleet, variant: Variant, stop: asyncio.Event, fault_s: float) -> float:
    """How long after the fault all was done that waited, once nothing more is added."""
    if not variant.workers:
        return 0.0
    assert started.redis is not None
    await asyncio.sleep(fault_s + REACT_ON_S - time.monotonic())
    stop.set()
    await asyncio.sleep(fault_s + WORK_SEEN_S - time.monotonic())
    with redis.Redis(port=started.redis.port, protocol=2) as client:
        # Nothing tells of an empty queue.
        while await asyncio.to_thread(backlog, client) and time.monotonic() < fault_s + variant.after_s:  # noqa: ASYNC110
            await asyncio.sleep(LOOK_S)
    return time.monotonic() - fault_s


def backlog(client: "redis.Redis") -> int:
    """How many pieces of work are not done, taken or not."""
    return sum(int(client.xlen(f"lc:{{work:reactions:{part}}}:stream")) for part in range(PARTS))


def _of_stream(url: str, what: str) -> str:
    return f"{url}/v1/streams/{STREAM}/{what}"
