"""``livecomments bench segments``: a crowd that polls cached segments, and what of it reaches the server.

The server, a private nginx with the shipped configuration in front of it, and pollers: each reads the manifest, waits
about a second, and reads the segments that it has not got. What the server has to answer should not depend on how many
they are. While they poll on, comments are deleted one by one: how long is each still to be had from the cache?
"""

import asyncio
import json
import random
import time
from array import array
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from tempfile import TemporaryDirectory

import aiohttp
import numpy as np
from rich.table import Table

from simulation import drawing
from simulation.bench.fanout_load import OWN_FILES, require_files
from simulation.bench.fanout_servers import UNLIMITED
from simulation.engines import processes
from simulation.engines.api_client import gateway_token, open_stream
from simulation.engines.live import pin_self
from simulation.engines.nginx import Nginx, nginx
from simulation.engines.ports import free_port
from simulation.tables import on_screen

STREAM = "final"
RATE = 10.0  # comments a second
WARM_UP_S = 3.0
LOGGED_S = 1.5  # by then nginx has written what it logged
SEGMENTS = "/segments"
DELETIONS = 20
LOOK_AGAIN_S = 0.005
GONE_MAX_S = 10.0

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Polled:
    """One size of the crowd; freshness is from a post's answer to a poller's having it."""

    pollers: int
    seconds: float
    comments_per_s: float
    requests_per_s: float
    origin_per_s: float
    hit_ratio: float
    fresh_p50_ms: float
    fresh_p99_ms: float
    missed: int
    gone_p50_ms: float  # from a deletion's request to the cache's not having the comment any more
    gone_p99_ms: float


@lru_cache(maxsize=256)
def listed(body: bytes) -> tuple[tuple[str, int], ...]:
    """A manifest's segments: the end of each one's address, and its last event."""
    return tuple((f"/{each['offset']}/{each['revision']}", each["last"]) for each in json.loads(body)["segments"])


@lru_cache(maxsize=256)
def seqs(body: bytes) -> tuple[int, ...]:
    return tuple(item["data"]["seq"] for item in json.loads(body)["items"])


class Poller:
    """One connection; what it has read and when."""

    def __init__(self, port: int) -> None:
        self._port = port
        self.at_s: dict[int, float] = {}
        self.position = 0

    async def run(self) -> None:
        await asyncio.sleep(random.random())
        self._reader, self._writer = await asyncio.open_connection("127.0.0.1", self._port)
        try:
            await self._follow(f"/v1/streams/{STREAM}/segments")
        finally:
            self._writer.transport.abort()

    async def _follow(self, path: str) -> None:
        while True:
            for address, last in listed(await self._get(path)):
                if last > self.position:
                    for seq in seqs(await self._get(path + address)):
                        self.at_s.setdefault(seq, time.monotonic())
                    self.position = last
            await asyncio.sleep(random.uniform(0.5, 1.5))

    async def _get(self, path: str) -> bytes:
        self._writer.write(f"GET {path} HTTP/1.1\r\nHost: bench\r\n\r\n".encode())
        head = await self._reader.readuntil(b"\r\n\r\n")
        if head[9:12] != b"200":
            raise processes.ProcessError(f"{path} was answered {head[:60]!r}")
        length = head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0]
        return await self._reader.readexactly(int(length))


async def bench_segments(sizes: Sequence[int], seconds: float, say: Say) -> list[Polled]:
    """Measure each size of crowd against a server of its own."""
    require_files(2 * max(sizes) + OWN_FILES)
    return [await _measure(pollers, seconds, say) for pollers in sizes]


async def _measure(pollers: int, seconds: float, say: Say) -> Polled:
    pin_self()
    with TemporaryDirectory(prefix="livecomments-bench-") as folder:
        port = free_port()
        arguments = ["--port", "0", "--data", folder, *UNLIMITED, "--cache", f"http://127.0.0.1:{port}"]
        async with (
            processes.server(arguments, processes.cores().server) as (url, _),
        ):
            with nginx(port, int(url.rpartition(":")[2]), processes.cores().load) as cache:
                token = await gateway_token(url)
                await open_stream(url, STREAM, token)
                say(f"{pollers:,} pollers")
                return await _poll(pollers, seconds, url, token, cache)


async def _poll(count: int, seconds: float, url: str, token: str, cache: Nginx) -> Polled:
    crowd = [Poller(int(cache.url.rpartition(":")[2])) for _ in range(count)]
    posted_s: dict[int, float] = {}
    ids: dict[int, str] = {}
    async with asyncio.TaskGroup() as tasks:
        running = [tasks.create_task(poller.run()) for poller in crowd]
        running.append(tasks.create_task(_post(url, token, posted_s, ids)))
        await asyncio.sleep(WARM_UP_S)
        start_s, from_s = time.monotonic(), time.time()
        await asyncio.sleep(seconds)
        elapsed_s = time.time() - from_s
        await asyncio.sleep(LOGGED_S)
        gone_ms = await _delete(url, token, cache.url, ids)
        for task in running:
            task.cancel()
    wanted = [seq for seq, at_s in posted_s.items() if start_s <= at_s < start_s + seconds - 2 * WARM_UP_S]
    fresh_ms = array("d")
    missed = 0
    for poller in crowd:
        fresh_ms.extend((poller.at_s[seq] - posted_s[seq]) * 1000 for seq in wanted if seq in poller.at_s)
        missed += sum(seq not in poller.at_s for seq in wanted)
    requests = [each for each in cache.requests() if from_s <= each.at_s < from_s + elapsed_s and SEGMENTS in each.path]
    total, at_origin = len(requests), sum(each.at_origin for each in requests)
    return Polled(
        pollers=count, seconds=seconds, comments_per_s=RATE, requests_per_s=round(total / elapsed_s, 1),
        origin_per_s=round(at_origin / elapsed_s, 2), hit_ratio=round(1 - at_origin / max(total, 1), 4),
        fresh_p50_ms=round(float(np.percentile(fresh_ms, 50))), fresh_p99_ms=round(float(np.percentile(fresh_ms, 99))),
        missed=missed, gone_p50_ms=round(float(np.percentile(gone_ms, 50))),
        gone_p99_ms=round(float(np.percentile(gone_ms, 99))),
    )  # fmt: skip


async def _delete(url: str, token: str, cache_url: str, ids: dict[int, str]) -> list[float]:
    """How long each of some deleted comments, of as many seconds, was still at its second's address in the cache."""
    path = f"/v1/streams/{STREAM}"
    gone_ms = []
    async with aiohttp.ClientSession() as session:

        async def cached(address: str) -> str:
            async with session.get(cache_url + path + SEGMENTS + address) as answer:
                return await answer.text()

        for each in json.loads(await cached(""))["segments"][-DELETIONS - 1 : -1]:
            address, comment = f"/{each['offset']}/{each['revision']}", ids[each["last"]]
            if comment not in await cached(address):
                raise processes.ProcessError(f"the cache does not show {comment} at {address}")
            start_s = time.monotonic()
            headers = {"Authorization": f"Bearer {token}"}
            async with session.delete(f"{url}{path}/comments/{comment}", headers=headers, raise_for_status=True):
                pass
            async with asyncio.timeout(GONE_MAX_S):
                while comment in await cached(address):  # noqa: ASYNC110 - the cache tells nobody
                    await asyncio.sleep(LOOK_AGAIN_S)
            gone_ms.append((time.monotonic() - start_s) * 1000)
    return gone_ms


async def _post(url: str, token: str, posted_s: dict[int, float], ids: dict[int, str]) -> None:
    headers, start_s = {"Authorization": f"Bearer {token}"}, time.monotonic()
    async with aiohttp.ClientSession(headers=headers, raise_for_status=True) as session:
        for number in range(1_000_000):
            await asyncio.sleep(start_s + number / RATE - time.monotonic())
            body = {"text": f"comment {number}", "author": {"id": f"u{number % 100}"}}
            async with session.post(f"{url}/v1/streams/{STREAM}/comments", json=body) as answer:
                stored = await answer.json()
                posted_s[stored["seq"]], ids[stored["seq"]] = time.monotonic(), stored["id"]


def lines(rows: Sequence[Polled]) -> list[list[str]]:
    """The figures in words, a line for each size."""
    return [
        [
            f"{row.pollers:,}", f"{row.requests_per_s:,.0f}", f"{row.origin_per_s:.1f}", f"{row.hit_ratio:.2%}",
            f"{row.fresh_p50_ms:,.0f}", f"{row.fresh_p99_ms:,.0f}", f"{row.missed}",
            f"{row.gone_p50_ms:,.0f}", f"{row.gone_p99_ms:,.0f}",
        ]
        for row in rows
    ]  # fmt: skip


HEADINGS = (
    "pollers", "requests/s", "at the server", "hit ratio", "fresh p50 ms", "p99 ms", "missed",
    "a deletion is gone p50 ms", "p99 ms",
)  # fmt: skip


def table(rows: Sequence[Polled]) -> Table:
    return on_screen(HEADINGS, lines(rows), title=f"Segments from a cache, {RATE:g} comments/s", left=0)


def plot(rows: Sequence[Polled], path: Path) -> None:
    """Draw what the cache and what the server answer, over the size of the crowd."""
    figure, axes = drawing.pyplot.subplots(figsize=(7, 3.5), layout="constrained")
    sizes = [row.pollers for row in rows]
    axes.plot(sizes, [row.requests_per_s for row in rows], marker="o", label="requests/s at the cache")
    axes.plot(sizes, [row.origin_per_s for row in rows], marker="o", label="requests/s at the server")
    axes.set(xscale="log", yscale="log", xlabel="pollers", xticks=sizes, xticklabels=[f"{size:,}" for size in sizes])
    axes.grid(alpha=0.3)
    axes.legend()
    figure.savefig(path, dpi=120)
    drawing.pyplot.close(figure)
