"""Short probes of what a machine takes to start a process, to let viewers in, to commit and to bring a comment."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import redis as redis_client

from simulation.chaos.member import Member
from simulation.engines.api_client import head_cursor, open_stream, user_token
from simulation.engines.live import finish
from simulation.engines.processes import next_line
from simulation.experiments.failover.authors import Authors, cheer
from simulation.experiments.failover.fleet import Fleet, fleet
from simulation.experiments.failover.live import ALLOWED, STREAM, backlog, viewers
from simulation.experiments.failover.plan import FANS, Variant
from simulation.machine import fingerprint
from simulation.measurements import read_measured

PROBE = Variant(name="probe", after_s=0.0, edges=1, workers=1)
POSTING_S = 2.0
STARTS = 3
WATCHING = 20
READS = 20
LINKS = 10
JOINING = 150  # viewers at once
COLD = 2  # comments, which find nothing open yet
WORK_S = 2.5
FLUSHED_S = 1.3
LOOK_S = 0.003
IDLE_S = 0.1  # between a worker's looks at an empty part


async def measure() -> dict[str, Any]:
    """All costs in seconds: samples by name, and ``send_s``, a number."""
    async with fleet(PROBE, measured=True) as started:
        assert started.redis is not None
        url = started.api.url
        token = await user_token(url, "author", *ALLOWED)
        await open_stream(url, STREAM, token)
        first = await head_cursor(url, STREAM)
        authors = Authors(f"{url}/v1/streams/{STREAM}/comments", token, Random(1))
        comments = await _comments(started, authors)
        stop = asyncio.Event()
        posting = asyncio.create_task(authors.run(PROBE.rate_per_s, stop))
        edges, crowds = [], []
        for _ in range(STARTS):
            edges += await _starts(started.edges[0], 1)
            crowds.append(await _joining(started, first))
        stop.set()
        await posting
        joining = {name: [crowd[name] for crowd in crowds] for name in crowds[0]}
        work = await _work(started)
        reads = [await _timed(lambda: head_cursor(url, STREAM)) for _ in range(READS)]
        redises = await _starts(started.redis, STARTS)
        links = [await asyncio.to_thread(_link_s, started.redis.port) for _ in range(LINKS)]
        return {
            **comments, **joining, "start_edge_s": edges, "start_redis_s": redises, "read_s": reads, "link_s": links,
            "done_s": work, "machine": fingerprint(),
        }  # fmt: skip


async def _comments(started: Fleet, authors: Authors) -> dict[str, Any]:
    """The way of a post to the log, its commit, and its way to viewers."""
    receipts = started.folder / "receipts.npz"
    # Stamps are written by whom somebody watches: the API has viewers, too, and those of the edge are timed.
    both = [started.api.url, started.edges[0].url]
    async with viewers(started, WATCHING, receipts=receipts, urls=both) as crowd:
        stop = asyncio.Event()
        posting = asyncio.create_task(authors.run(PROBE.rate_per_s, stop))
        await asyncio.sleep(POSTING_S)
        stop.set()
        await posting
        seen = (await _finished(crowd, started, receipts))["seen"]
    await asyncio.sleep(FLUSHED_S)
    stamps = read_measured(started.folder / "measure.csv").comments
    way, hops, spans = [], [], []
    for seq, admitted_s, durable_s in zip(stamps["seq"], stamps["admitted_s"], stamps["durable_s"], strict=True):
        times = seen[(seen[:, 1] == seq) & (seen[:, 0] >= WATCHING), 2]
        if len(times) and int(seq) in authors.meant_s:
            way.append(admitted_s - authors.meant_s[int(seq)])
            hops.append(times.min() - durable_s)
            spans.append((times.max() - times.min()) / len(times))
    commits = stamps["durable_s"] - stamps["admitted_s"]
    way, hops = way[COLD:], hops[COLD:]
    return {"way_s": _list(way), "commit_s": _list(commits), "hop_s": _list(hops), "send_s": float(np.median(spans))}


async def _joining(started: Fleet, first: str) -> dict[str, float]:
    """Many viewers at once, at an edge that has just begun, and all of them lack what is only in the log."""
    receipts = started.folder / "joins.npz"
    async with viewers(started, JOINING, receipts=receipts, start=first) as crowd:
        found = await _finished(crowd, started, receipts)
    joins_s, seen = np.sort(found["joins_s"]), found["seen"]
    last_s = max(seen[seen[:, 0] == viewer, 2].max() for viewer in range(JOINING))
    join_s = (joins_s[-1] - joins_s[0]) / JOINING
    costs_s = {"open_s": joins_s[0] - found["began_s"] - join_s, "join_s": join_s}
    costs_s["catch_up_s"] = (last_s - joins_s[-1]) / JOINING
    return {name: max(0.0, float(cost_s)) for name, cost_s in costs_s.items()}


async def _work(started: Fleet) -> list[float]:
    """From when work is seen in the queue until it is done, at best: a worker may have been idle when it came."""
    assert started.redis is not None
    url, stop, found = started.api.url, asyncio.Event(), []
    tokens = [await user_token(url, f"fan{number}") for number in range(FANS)]
    reacting = asyncio.create_task(cheer(f"{url}/v1/streams/{STREAM}/reactions", tokens, stop))
    until_s, since_s = time.monotonic() + WORK_S, 0.0
    with redis_client.Redis(port=started.redis.port, protocol=2) as client:
        while time.monotonic() < until_s:
            waiting = await asyncio.to_thread(backlog, client)
            if waiting and not since_s:
                since_s = time.monotonic()
            elif not waiting and since_s:
                found.append(time.monotonic() - since_s)
                since_s = 0.0
            await asyncio.sleep(LOOK_S)
    stop.set()
    await reacting
    return _list([min(found, default=IDLE_S) - IDLE_S])


async def _starts(member: Member, times: int) -> list[float]:
    found = []
    for _ in range(times):
        await member.kill()
        found.append(await _timed(member.start))
    return found


async def _timed(what: Callable[[], Awaitable[object]]) -> float:
    began_s = time.monotonic()
    await what()
    return time.monotonic() - began_s


def _link_s(port: int) -> float:
    began_s = time.monotonic()
    with redis_client.Redis(port=port, protocol=2) as client, client.pubsub() as channel:
        channel.subscribe("probe")
        channel.get_message(timeout=1.0)
    return time.monotonic() - began_s


async def _finished(crowd: asyncio.subprocess.Process, started: Fleet, receipts: Path) -> Any:
    await finish(crowd, int((await head_cursor(started.api.url, STREAM)).split(":")[1]))
    await next_line(crowd)
    return np.load(receipts)


def _list(samples: Sequence[float]) -> list[float]:
    return [max(0.0, float(each)) for each in samples]
