"""Short probes of what pages cost on this machine: a whole server's, and by `probe` their parts."""

import asyncio
import time
from random import Random
from typing import Any

import numpy as np

from simulation.bench.http_load import closed_loop
from simulation.engines import processes
from simulation.engines.live import idle_share, own_cpu_s
from simulation.engines.poster import Poster
from simulation.engines.processes import cpu_seconds
from simulation.experiments.caching.live import STREAM, Running, newest_page, running
from simulation.experiments.caching.plan import VARIANTS, Size
from simulation.trace import Post

HELD_S = 3_600.0  # no window is made anew while it is measured
CONNECTIONS = 16
WARM_S = 0.4
CLOSED_S = 1.2
LONE_S = 0.6
POSTS = 20
POSTS_PER_S = Size().posts_per_s  # one that comes alone finds everything cold, and takes longer than one of many
IDLE_S = 1.0


async def measure() -> dict[str, Any]:
    """All costs in seconds."""
    async with running(VARIANTS["warming"], HELD_S) as started:
        pages = await _pages(started)
        idle = await idle_share(lambda: cpu_seconds(started.pid), IDLE_S)
        parts = await _parts(started)
    request_s = max(0.0, pages["server_s"] - parts["recall_s"]) / 2
    post_s = pages["post_s"] - idle / POSTS_PER_S - parts["call_s"]
    cache = parts["cache"]
    worked_s = pages["server_s"] + pages["client_s"] + cache["recall_s"] + 2 * cache["hop_s"]
    return {
        **parts, "request_s": request_s, "answer_s": request_s, "client_s": pages["client_s"],
        "post_s": max(0.0, post_s), "idle_share": idle,
        "way_s": max(0.0, pages["lone_s"] - worked_s) / 2,
    }  # fmt: skip


async def _pages(started: Running) -> dict[str, float]:
    """Whole pages that are in the cache: of the server's core, of the reader's, and a lone one's time; and posts."""
    await closed_loop(started.url, CONNECTIONS, WARM_S, newest_page)
    server_s, client_s = cpu_seconds(started.pid), own_cpu_s()
    many = len((await closed_loop(started.url, CONNECTIONS, CLOSED_S, newest_page)).latency_s)
    server_s, client_s = cpu_seconds(started.pid) - server_s, own_cpu_s() - client_s
    lone = await closed_loop(started.url, 1, LONE_S, newest_page)
    post_s = cpu_seconds(started.pid)
    posts = [Post(number / POSTS_PER_S, f"author{number}", f"What a goal! {number}") for number in range(POSTS)]
    await Poster(started.url, STREAM, Random(1).getrandbits(16), started.token).run(posts, time.monotonic())
    return {
        "server_s": server_s / many,
        "client_s": client_s / many,
        "lone_s": float(np.median(lone.latency_s)),
        "post_s": (cpu_seconds(started.pid) - post_s) / POSTS,
    }


async def _parts(started: Running) -> dict[str, Any]:
    """On the server's core, while the server has nothing to do."""
    cache = started.cache
    assert cache.process is not None
    arguments = [str(started.folder), f"redis://127.0.0.1:{cache.port}", str(cache.process.pid)]
    async with asyncio.timeout(processes.START_S):
        found: dict[str, Any] = await processes.answer(
            "the probe", "simulation.experiments.caching.probe", arguments, processes.cores().server
        )
    return found
