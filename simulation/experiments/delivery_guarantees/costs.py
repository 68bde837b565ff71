"""Short probes of what a comment's way costs on this machine, on networks that lose nothing; no variant is run."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
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
IDLE_S = 1.5
READS = 20
LINKS = 10
JOINS = 12
BEHIND = 20  # comments that a viewer lacks who comes back


async def measure() -> dict[str, Any]:
    """Samples in seconds by name; ``cpu``: of all processes together; sizes in bytes."""
    async with fleet(Case(PROBED, 0, LOSSLESS), edge=True, relay=True, measured=True) as started:
        times = await _times(started)
        cpu = await _cpu(started)
        joins = {name: await _joins(started, name) for name in ("edge", "relay")}
        reads = [await _timed(lambda: head_cursor(started.url, STREAM)) for _ in range(READS)]
        links = [await asyncio.to_thread(_link_s, started.redis_port) for _ in range(LINKS)]
    return times | {
        "read_s": reads, "link_s": links, "cpu": cpu | {f"{name}_join_s": each.cpu_s for name, each in joins.items()},
        "comment_bytes": joins["edge"].comment_bytes, "catch_up_s": joins["edge"].caught_up_s,
        **{f"{name}_join_s": each.opened_s for name, each in joins.items()},
        **{f"{name}_hello_bytes": each.hello_bytes for name, each in joins.items()},
    }  # fmt: skip


async def _times(started: Fleet) -> dict[str, Any]:
    """The way of a post to the log, its commit, the answer's way back, and the comment's ways to viewers.

    Stamps are written by whom somebody watches, so the API has viewers, too; those of edge and relay are timed.
    """
    urls = [started.url, started.edge_url, started.relay_url]
    authors = _authors(started, 0)
    seen = await _watched(started, urls, authors)
    await asyncio.sleep(FLUSHED_S)
    stamps = read_measured(started.folder / "measure.csv").comments
    meant_s = {seq: (authors.meant_s[number], authors.told_s[number]) for number, seq in authors.seqs.items()}
    rows = []
    for seq, admitted_s, durable_s in zip(stamps["seq"], stamps["admitted_s"], stamps["durable_s"], strict=True):
        came_s = [seen[(seen[:, 1] == seq) & (seen[:, 0] // VIEWERS == place), 2] for place in (1, 2)]
        if int(seq) in meant_s and all(map(len, came_s)):
            sent_s, told_s = meant_s[int(seq)]
            hops_s = [each.min() - durable_s for each in came_s]
            span_s = (came_s[0].max() - came_s[0].min()) / VIEWERS
            rows.append((admitted_s - sent_s, durable_s - admitted_s, told_s - durable_s, *hops_s, span_s))
    columns = np.maximum(0.0, np.array(rows[COLD:])).T.tolist()
    named = dict(zip(("way_s", "commit_s", "back_s", "edge_hop_s", "relay_hop_s", "span_s"), columns, strict=True))
    return {**named, "send_s": float(np.median(named.pop("span_s")))}


async def _cpu(started: Fleet) -> dict[str, float]:
    """What processes use for a post, for bringing it to viewers, and for being there; in seconds."""
    authors = _authors(started, 1)
    used: list[Mapping[str, float]] = []

    async def note() -> None:
        used.append(started.cpu_s())

    async def idle() -> None:
        await note()
        await asyncio.sleep(IDLE_S)
        await note()

    await _watched(started, [started.edge_url, started.relay_url], authors, idle)
    await note()
    idle_s = {name: (used[1][name] - used[0][name]) / IDLE_S for name in used[0]}
    posting_s = LOSSLESS.seconds
    each_s = {
        name: max(0.0, used[2][name] - used[1][name] - idle_s[name] * posting_s) / len(authors.told_s)
        for name in idle_s
    }
    both_s = idle_s["api"] + idle_s["redis"]
    return {
        "post_s": each_s["api"] + each_s["redis"], "edge_comment_s": each_s["edge"],
        "relay_comment_s": each_s["relay"], "edge_idle_s": both_s + idle_s["edge"],
        "relay_idle_s": both_s + idle_s["relay"],
    }  # fmt: skip


def _authors(started: Fleet, repeat: int) -> Authors:
    return Authors(f"http://127.0.0.1:{started.way.port}", started.token, STREAM, Case(PROBED, repeat, LOSSLESS))


async def _nothing() -> None:
    """Nothing is to be done before the posts."""


async def _watched(
    started: Fleet, urls: Sequence[str], authors: Authors, before: Callable[[], Awaitable[None]] = _nothing
) -> Any:
    """Post in front of viewers at each address; what they saw: (viewer, seq, time)."""
    start, receipts = await head_cursor(started.url, STREAM), started.folder / "probed.npz"
    pair = processes.cores()
    arguments = [",".join(urls), STREAM, start, f"{VIEWERS}", "1", str(receipts)]
    watching = connected("simulation.experiments.failover.viewers", arguments, pair[1] if pair else None)
    async with watching as crowd:
        await before()
        await authors.run(time.monotonic())
        await finish(crowd, Cursor.parse(await head_cursor(started.url, STREAM)).seq)
        await next_line(crowd)
    return np.load(receipts)["seen"]


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
