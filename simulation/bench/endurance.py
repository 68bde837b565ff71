"""``livecomments bench soak`` and ``bench drain``: a large crowd for a long time, and one that changes servers.

soak     memory over time, and whether everybody got everything once
drain    two servers on one log and one port; the first is asked to end, and its viewers go over to the second at the
         slots that it assigns
"""

import asyncio
import itertools
import os
import signal
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import aiohttp
import numpy as np
import uuid_utils

from reference_impl.protocol.cursor import Cursor
from simulation import drawing
from simulation.bench.fanout_servers import STREAM, UNLIMITED
from simulation.bench.usage import rss_kb
from simulation.engines import processes
from simulation.engines.api_client import gateway_token, head_cursor, open_stream
from simulation.engines.live import pin_self
from simulation.engines.ports import free_port
from simulation.engines.viewers import Crowd, all_have, first_of, tallied
from simulation.machine import fingerprint

SAMPLE_S = 5.0
BIN_S = 0.5
SETTLE_S = 2.0
OPEN_S = 120.0
RETRY_S = 0.2

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Soak:
    """``rss_kb`` at ``at_s``; the first sample is of the empty server."""

    viewers: int
    comments_per_s: float
    at_s: list[float]
    rss_kb: list[int]
    counts: dict[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Drain:
    """Viewers that came back, in bins of ``bin_s`` from the moment that the first server was asked to end."""

    viewers: int
    drain_per_s: float
    comments_per_s: float
    bin_s: float
    rejoined: list[int]
    drained_s: float
    counts: dict[str, int]


async def soak(viewers: int, seconds: float, rate: float, say: Say) -> Soak:
    """Watch a server's memory while a crowd follows a stream."""
    pin_self()
    with TemporaryDirectory(prefix="livecomments-bench-") as data:
        arguments = ["--port", "0", "--data", data, *UNLIMITED, "--viewers-max", "100000"]
        async with processes.server(arguments, processes.cores().server) as (url, pid):
            token = await _prepared(url)
            at_s, rss, start_s = [0.0], [rss_kb(pid)], time.monotonic()
            async with _following(url, viewers, say) as crowd:
                async with _posting(url, token, rate):
                    while time.monotonic() < start_s + seconds:
                        await asyncio.sleep(SAMPLE_S)
                        at_s.append(round(time.monotonic() - start_s, 1))
                        rss.append(rss_kb(pid))
                        say(f"{at_s[-1]:.0f} s: {crowd.open:,} viewers, {rss[-1] / 1024:.1f} MB")
                counts = await _counts(url, crowd)
    return Soak(viewers=viewers, comments_per_s=rate, at_s=at_s, rss_kb=rss, counts=counts)


async def drain(viewers: int, per_s: float, rate: float, say: Say) -> Drain:
    """Replace a server under a crowd, and count who comes back when."""
    pin_self()
    core, port = processes.cores().server, free_port()
    with TemporaryDirectory(prefix="livecomments-bench-") as data:
        common = ["--port", str(port), "--data", data, "--reuse-port", "--drain-per-s", f"{per_s:g}", *UNLIMITED]
        async with processes.server(common, core) as (url, first):
            token = await _prepared(url)
            async with _following(url, viewers, say) as crowd, processes.server(common, core):
                async with _posting(url, token, rate):
                    await asyncio.sleep(SETTLE_S)
                    say("the first server is asked to end; the second is there")
                    start_s = time.monotonic()
                    os.kill(first, signal.SIGTERM)
                    await _until(lambda: crowd.reconnects >= viewers, OPEN_S)
                    drained_s = time.monotonic() - start_s
                    await asyncio.sleep(SETTLE_S)
                counts = await _counts(url, crowd)
    came_s = [at_s - start_s for at_s in crowd.joined_s if at_s >= start_s]
    rejoined, _ = np.histogram(came_s, bins=np.arange(0, max(came_s, default=0) + 2 * BIN_S, BIN_S))
    return Drain(
        viewers=viewers, drain_per_s=per_s, comments_per_s=rate, bin_s=BIN_S, rejoined=rejoined.tolist(),
        drained_s=round(drained_s, 2), counts=counts,
    )  # fmt: skip


async def _prepared(url: str) -> str:
    token = await gateway_token(url)
    await open_stream(url, STREAM, token)
    return token


@asynccontextmanager
async def _following(url: str, viewers: int, say: Say) -> AsyncIterator[Crowd]:
    """A crowd that is connected; only what it has lost or got twice is of interest, not when."""
    say(f"{viewers:,} viewers connect")
    crowd = Crowd(url, STREAM, Cursor.parse(await head_cursor(url, STREAM)), viewers, timed=False)
    following = asyncio.gather(*(crowd.follow(tally) for tally in crowd.tallies))
    try:
        await asyncio.wait_for(first_of(following, crowd.all_open), OPEN_S)
        if following.done():
            await following
        yield crowd
    finally:
        following.cancel()
        with suppress(asyncio.CancelledError, ConnectionError):
            await following


@asynccontextmanager
async def _posting(url: str, token: str, rate: float) -> AsyncIterator[None]:
    """Comments at a fixed rate, each until it is acknowledged, by whichever server answers.

    The last one too: else viewers may have it before it is counted, by the log's head, or only some of them.
    """
    over = asyncio.Event()
    task = asyncio.create_task(_post(url, token, rate, over))
    try:
        yield
        over.set()
        await asyncio.wait_for(task, OPEN_S)
    finally:
        task.cancel()


async def _post(url: str, token: str, rate: float, over: asyncio.Event) -> None:
    start_s, headers = time.monotonic(), {"Authorization": f"Bearer {token}"}
    for number in itertools.count():
        await asyncio.sleep(start_s + number / rate - time.monotonic())
        if over.is_set():
            return
        key = str(uuid_utils.uuid7())
        body: dict[str, object] = {"text": f"comment {number}", "author": {"id": "ada"}}
        async with aiohttp.ClientSession(headers=headers | {"Idempotency-Key": key}) as session:
            while not await _taken(session, f"{url}/v1/streams/{STREAM}/comments", body):  # noqa: ASYNC110 - asks
                await asyncio.sleep(RETRY_S)


async def _taken(session: aiohttp.ClientSession, url: str, body: dict[str, object]) -> bool:
    try:
        async with session.post(url, json=body) as answer:
            return answer.status == 201
    except aiohttp.ClientError:
        return False


async def _counts(url: str, crowd: Crowd) -> dict[str, int]:
    head = Cursor.parse(await head_cursor(url, STREAM)).seq
    await all_have(head, crowd.tallies)
    return tallied(crowd.tallies, head) | {"reconnects": crowd.reconnects, "comments": head}


async def _until(done: Callable[[], bool], seconds: float) -> None:
    async with asyncio.timeout(seconds):
        while not done():  # noqa: ASYNC110 - an event for each viewer costs
            await asyncio.sleep(0.02)


def faultless(run: Soak | Drain) -> bool:
    return not any(run.counts[name] for name in ("lost", "duplicated", "reordered", "skipped"))


def document(run: Soak | Drain) -> dict[str, Any]:
    return {"machine": fingerprint(), **asdict(run)}


def plot_soak(run: Soak, path: Path) -> None:
    """Draw memory over time."""
    figure, axes = drawing.pyplot.subplots(figsize=(8, 3.5), layout="constrained")
    axes.plot([at / 60 for at in run.at_s], [kb / 1024 for kb in run.rss_kb])
    axes.set(title=f"{run.viewers:,} viewers", xlabel="minutes", ylabel="server's memory (RSS), MB", ylim=(0, None))
    axes.grid(alpha=0.3)
    figure.savefig(path, dpi=120)
    drawing.pyplot.close(figure)


def plot_drain(run: Drain, path: Path) -> None:
    """Draw how many came back in each moment, beside the rate that the server assigned."""
    figure, axes = drawing.pyplot.subplots(figsize=(8, 3.5), layout="constrained")
    at_s = [number * run.bin_s for number in range(len(run.rejoined))]
    axes.bar(at_s, [count / run.bin_s for count in run.rejoined], width=run.bin_s, align="edge", alpha=0.6)
    axes.axhline(run.drain_per_s, color="black", linewidth=1, label="assigned")
    title = f"{run.viewers:,} viewers go over to another server: {run.counts['lost']} lost, "
    axes.set(title=f"{title}{run.counts['duplicated']} doubled", xlabel="s since the end was asked for",
             ylabel="viewers back, per s")  # fmt: skip
    axes.legend()
    figure.savefig(path, dpi=120)
    drawing.pyplot.close(figure)
