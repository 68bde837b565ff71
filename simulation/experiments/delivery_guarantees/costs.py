"""Short probes of what a comment's way costs on this machine, on networks that lose nothing; no variant is run."""

import asyncio
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import numpy as np
import redis as redis_client

from reference_impl.protocol.cursor import Cursor
from simulation.engines import processes
from simulation.engines.api_client import head_cursor
from simulation.engines.live import connected, finish
from simulation.engines.processes import next_line
from simulation.experiments.delivery_guarantees.authors import Authors
from simulation.experiments.delivery_guarantees.fleet import STREAM, Fleet, fleet
from simulation.experiments.delivery_guarantees.plan import VARIANTS, Case, Size
from simulation.experiments.delivery_guarantees.relay import channel_of
from simulation.measurements import read_measured

VIEWERS = Size().viewers
LOSSLESS = Size(seconds=2.0, posts_per_s=25.0, lost_share=0.0, lasts_s=1e9)
PROBED = VARIANTS["at-least-once"]
COLD = 2  # comments, which find nothing open yet
FLUSHED_S = 1.3
IDLE_S = 1.0
READS = 20
LINKS = 10
JOINS = 12
BEHIND = 20  # comments that a viewer lacks who comes back


@dataclass(frozen=True, slots=True)
class Watched:
    """Comments in front of viewers at one place; CPU times by process."""

    authors: Authors
    seen: Any  # (viewer, seq, time)
    idle_s: Mapping[str, float]  # of a second
    each_s: Mapping[str, float]  # of a comment


async def measure() -> dict[str, Any]:
    """Samples in seconds by name; ``cpu``: of all processes together; sizes in bytes."""
    async with fleet(Case(PROBED, 0, LOSSLESS), edge=True, relay=True, measured=True) as started:
        watched = {
            "edge": await _watched(started, started.edge_url, 0),
            "relay": await _watched(started, started.relay_url, 1),
        }
        joins = {name: await _joins(started, name) for name in watched}
        reads = [await _timed(lambda: head_cursor(started.url, STREAM)) for _ in range(READS)]
        links = [await asyncio.to_thread(_link_s, started.redis_port) for _ in range(LINKS)]
        await asyncio.sleep(FLUSHED_S)
        times = _times(watched, read_measured(started.folder / "measure.csv").comments)
    return times | {
        "read_s": reads, "link_s": links, "comment_bytes": joins["edge"].comment_bytes,
        "catch_up_s": joins["edge"].caught_up_s,
        "cpu": _cpu(watched) | {f"{name}_join_s": each.cpu_s for name, each in joins.items()},
        **{f"{name}_join_s": each.opened_s for name, each in joins.items()},
        **{f"{name}_hello_bytes": each.hello_bytes for name, each in joins.items()},
    }  # fmt: skip


async def _watched(started: Fleet, url: str, repeat: int) -> Watched:
    """Stamps are written by whom somebody watches, so the API has one viewer, too."""
    authors = Authors(f"http://127.0.0.1:{started.way.port}", started.token, STREAM, Case(PROBED, repeat, LOSSLESS))
    receipts, start = started.folder / f"probed-{repeat}.npz", await head_cursor(started.url, STREAM)
    async with (
        _viewers(started.url, start, 1, started.folder / "one.npz") as one,
        _viewers(url, start, VIEWERS, receipts) as crowd,
    ):
        used = [started.cpu_s()]
        await asyncio.sleep(IDLE_S)
        used.append(started.cpu_s())
        await authors.run(time.monotonic())
        used.append(started.cpu_s())
        head = Cursor.parse(await head_cursor(started.url, STREAM)).seq
        for process in (one, crowd):
            await finish(process, head)
            await next_line(process)
    idle_s = {name: (used[1][name] - used[0][name]) / IDLE_S for name in used[0]}
    posts, worked_s = len(authors.told_s), {name: used[2][name] - used[1][name] for name in used[0]}
    each_s = {name: max(0.0, worked_s[name] - idle_s[name] * LOSSLESS.seconds) / posts for name in idle_s}
    return Watched(authors, np.load(receipts)["seen"], idle_s, each_s)


@asynccontextmanager
async def _viewers(url: str, start: str, count: int, receipts: Path) -> AsyncIterator[asyncio.subprocess.Process]:
    arguments = [url, STREAM, start, f"{count}", "1", str(receipts)]
    module = "simulation.experiments.failover.viewers"
    async with connected(module, arguments, processes.cores().load) as crowd:
        yield crowd


def _times(watched: Mapping[str, Watched], stamps: Mapping[str, Any]) -> dict[str, Any]:
    """The way of a post to the log, its commit, the answer's way back, and the comment's ways to viewers."""
    found: dict[str, list[float]] = defaultdict(list)
    for name, each in watched.items():
        numbers = {seq: number for number, seq in each.authors.seqs.items() if number >= COLD}
        for seq, admitted_s, durable_s in zip(stamps["seq"], stamps["admitted_s"], stamps["durable_s"], strict=True):
            came_s, number = each.seen[each.seen[:, 1] == seq, 2], numbers.get(int(seq))
            if number is None or not len(came_s):
                continue
            found["way_s"].append(admitted_s - each.authors.meant_s[number])
            found["commit_s"].append(durable_s - admitted_s)
            found["back_s"].append(each.authors.told_s[number] - durable_s)
            found[f"{name}_hop_s"].append(came_s.min() - durable_s)
            found["span_s"].append((came_s.max() - came_s.min()) / VIEWERS)
    send_s = float(np.median(found.pop("span_s")))
    return {"send_s": send_s} | {name: [max(0.0, float(each)) for each in times] for name, times in found.items()}


def _cpu(watched: Mapping[str, Watched]) -> dict[str, float]:
    """What all processes use for a post, for bringing it to viewers, and for being there; in seconds."""
    posts_s = [each.each_s["api"] + each.each_s["redis"] for each in watched.values()]
    found = {"post_s": float(np.mean(posts_s))}
    for name, each in watched.items():
        found[f"{name}_comment_s"] = each.each_s[name]
        found[f"{name}_idle_s"] = sum(each.idle_s[process] for process in ("api", "redis", name))
    return found


@dataclass(frozen=True, slots=True)
class Joins:
    """What it takes to come back: until the headers are there, and from then until all is that was missed."""

    opened_s: list[float]
    caught_up_s: list[float]
    cpu_s: float
    hello_bytes: float
    comment_bytes: float


async def _joins(started: Fleet, name: str) -> Joins:
    """At a warm edge or relay, one after another; a relay has nothing to say to who comes."""
    head = Cursor.parse(await head_cursor(started.url, STREAM))
    behind = Cursor(head.epoch, head.seq - BEHIND)
    url, first, last = (
        (started.edge_url, b"event: hello", f"id: {head}\n".encode())
        if name == "edge"
        else (started.relay_url, b"retry:", b"retry:")
    )
    hellos = [await _join(url, head, first) for _ in range(2)]
    cpu_s = started.cpu_s()[name]
    joins = [await _join(url, behind, last) for _ in range(JOINS)]
    cpu_s = (started.cpu_s()[name] - cpu_s) / JOINS
    hello_bytes, whole_bytes = float(hellos[-1][2]), joins[-1][2]
    comment_bytes = max(0.0, (whole_bytes - hello_bytes) / BEHIND)
    return Joins([join[0] for join in joins], [join[1] for join in joins], cpu_s, hello_bytes, comment_bytes)


async def _join(url: str, cursor: Cursor, last: bytes) -> tuple[float, float, int]:
    """Until there are headers, and from there until there is a ``last`` thing; and how many bytes came after them."""
    address = urlsplit(url)
    began_s = time.monotonic()
    reader, writer = await asyncio.open_connection(address.hostname, address.port)
    writer.write(f"GET /v1/streams/{STREAM}/events HTTP/1.1\r\nHost: probe\r\nLast-Event-ID: {cursor}\r\n\r\n".encode())
    await reader.readuntil(b"\r\n\r\n")
    opened_s, body = time.monotonic(), b""
    while last not in body or not body.endswith(b"\r\n"):
        body += await reader.read(65_536)
    caught_up_s = time.monotonic() - opened_s
    writer.transport.abort()
    return opened_s - began_s, caught_up_s, len(body)


async def _timed(what: Callable[[], Awaitable[object]]) -> float:
    began_s = time.monotonic()
    await what()
    return time.monotonic() - began_s


def _link_s(port: int) -> float:
    """To connect to Redis and to have subscribed."""
    began_s = time.monotonic()
    with redis_client.Redis(port=port, protocol=2) as client, client.pubsub() as channel:
        channel.subscribe(channel_of("probe"))
        channel.get_message(timeout=1.0)
    return time.monotonic() - began_s
