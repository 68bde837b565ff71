"""The load of a case: ``python -m simulation.experiments.backpressure.load CASE URL PID MEASURE``.

A process of its own, on a core of its own: the authors, viewers that keep up, and readers that do not. Says one line of
JSON: what came of it, and how busy the load was.
"""

import asyncio
import json
import sys
import time
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

import aiohttp
import numpy as np
import uvloop

from reference_impl.protocol.cursor import Cursor
from simulation.bench.fanout_load import crowd
from simulation.bench.fanout_servers import Running
from simulation.bench.http_load import Answers, closed_loop, open_loop, request_bytes
from simulation.engines.api_client import gateway_token, head_cursor, open_stream
from simulation.engines.live import read_when_flushed
from simulation.engines.poster import Poster
from simulation.engines.processes import cpu_seconds
from simulation.engines.viewers import Crowd, all_have, tallied
from simulation.experiments.backpressure.plan import LOOK_S, SETTLE_S, Case, readings
from simulation.experiments.backpressure.readers import SlowReader
from simulation.measurements import Measured, Receipts, read_measured
from simulation.trace import Post

STREAM = "demo"
LEAD_S = 0.3
WARM_UP_S = 0.5
FEW = 32  # connections that keep a server busy
FLUSHED_S = 1.3  # by then the server's stamps are in their file


@dataclass(slots=True)
class Server:
    url: str
    pid: int
    measure: Path
    token: str
    start: Cursor
    queued_bytes: list[int] = field(default_factory=list)

    async def look(self) -> None:
        """Note what is queued, until cancelled."""
        async with aiohttp.ClientSession() as session:
            while True:
                async with session.get(f"{self.url}/health") as answer:
                    self.queued_bytes.append((await answer.json())["queued_bytes"])
                await asyncio.sleep(LOOK_S)

    async def accepted(self) -> int:
        return Cursor.parse(await head_cursor(self.url, STREAM)).seq - self.start.seq


class Numbered:
    """Requests of a case one after the other, each with its number and when it was due in its text."""

    def __init__(self, case: Case, token: str) -> None:
        self._case = case
        self._token = token
        self._authors = [author for _, author in case.schedule()]
        self._began_ns = 0
        self._number = 0

    def __call__(self) -> bytes:
        self._began_ns = self._began_ns or time.monotonic_ns()  # the first one is due when it is asked for
        due_ns = self._began_ns + int(self._number / self._case.per_s * 1e9)
        author = self._authors[self._number % len(self._authors)]
        self._number += 1
        body = {"author": {"id": author}, "text": f"@@{self._number} {due_ns} {self._case.text}"}
        return request_bytes(
            "POST", f"/v1/streams/{STREAM}/comments", self._token, json.dumps(body, ensure_ascii=False).encode()
        )


async def readers(case: Case, server: Server) -> dict[str, Any]:
    """Posts that are read one by one; the slow ones are counted when the last post has had its time."""
    fast = Crowd(server.url, STREAM, server.start, case.viewers - case.slow)
    slow = [
        SlowReader(server.url, STREAM, server.start, reading, Random(number))
        for number, reading in enumerate(readings(case))
    ]
    cpu_s = cpu_seconds(server.pid)
    following = asyncio.gather(*(fast.follow(tally) for tally in fast.tallies), *(each.follow() for each in slow))
    await fast.all_open.wait()
    connect_s = (cpu_seconds(server.pid) - cpu_s) / len(fast.tallies)
    for each in slow:
        await each.connected.wait()
    async with _looked_at(server):
        began_s = time.monotonic() + LEAD_S
        for each in slow:
            each.began_s = began_s
        posts = [Post(at_s, author, f"{number} {case.text}") for number, (at_s, author) in enumerate(case.schedule())]
        posted = await Poster(server.url, STREAM, case.seed, server.token).run(posts, began_s)
        await asyncio.sleep(max(0.0, began_s + case.seconds + SETTLE_S - time.monotonic()))
    head = server.start.seq + await server.accepted()
    await all_have(head, fast.tallies)
    following.cancel()
    measured = await read_when_flushed(server.measure, posted.accepted)
    receipts = _receipts(fast)
    intended = dict(posted.accepted)
    seqs, times_s = receipts.per_comment()
    latency_s = times_s - np.array([intended[int(seq)] for seq in seqs])
    durable = zip(measured.comments["seq"], measured.comments["durable_s"], strict=True)
    appends_s = [durable_s - intended[int(seq)] for seq, durable_s in durable if int(seq) in intended]
    tallies = [each.tally for each in slow]
    entitled = max(1, len(intended) * len(slow))
    counts = tallied(fast.tallies, head)
    return {
        "fast_p99_ms": float(np.quantile(latency_s, 0.99)) * 1e3,
        "append_p99_ms": float(np.quantile(appends_s, 0.99)) * 1e3,
        "accepted": len(intended),
        "refused": posted.rejected,
        "slow_delivered_share": sum(each.delivered for each in tallies) / entitled if slow else 1.0,
        "slow_skipped_share": sum(each.skipped for each in tallies) / entitled,
        "reconnects": sum(each.reconnects for each in slow),
        "lost": counts["lost"] + sum(len(each.missing) for each in tallies) + await server.accepted() - len(intended),
        "doubled": counts["duplicated"] + sum(each.duplicated for each in tallies),
        "connect_s": connect_s,
        "costs": lone_costs(case, measured, receipts, intended),
    }


async def authors(case: Case, server: Server) -> dict[str, Any]:
    """More posts than can be read one by one: a sample of the viewers is, and of the others the bytes are counted."""
    await closed_loop(server.url, FEW, WARM_UP_S, Numbered(case, server.token))  # every author is known after that
    await asyncio.sleep(case.rate[1])  # and has a full bucket again
    server.start = Cursor.parse(await head_cursor(server.url, STREAM))
    async with crowd(_running(server), case.viewers, None) as viewers, _looked_at(server):
        await viewers.ask("start")
        requests = Numbered(case, server.token)
        answers = await open_loop(server.url, case.connections, case.seconds, case.per_s, requests)
        counts = await viewers.settled_counts()
    accepted = await server.accepted()
    return {
        "fast_p99_ms": counts["p99_ms"],
        "append_p99_ms": float(np.quantile(answers.latency_s, 0.99)) * 1e3,
        "accepted": len(answers.latency_s),
        "refused": answers.bad,
        "took_s": answers.took_s,
        "slow_delivered_share": 1.0,
        "slow_skipped_share": 0.0,
        "reconnects": 0,
        "lost": max(0, accepted * counts["sampled"] - counts["comments"]) + abs(accepted - len(answers.latency_s)),
        "doubled": counts["repeated"],
        "viewers_busy": 1 - counts["idle_share"],
    }


async def capacity(case: Case, server: Server) -> dict[str, Any]:
    """The core's time for a post when the next ones wait, and for all its viewers; the load may be slower than that.

    With it the number of commits that a post had to itself: few connections make it more.
    """
    async with AsyncExitStack() as stack:
        if case.viewers:
            await stack.enter_async_context(crowd(_running(server), case.viewers, None))
        await closed_loop(server.url, case.connections, WARM_UP_S, Numbered(case, server.token))
        cpu_s, start_s = cpu_seconds(server.pid), time.monotonic()
        answers: Answers = await closed_loop(server.url, case.connections, case.seconds, Numbered(case, server.token))
        cpu_s, end_s = cpu_seconds(server.pid) - cpu_s, time.monotonic()
    await asyncio.sleep(FLUSHED_S)
    posts = len(answers.latency_s) + answers.bad
    return {"post_s": cpu_s / posts} | _largest(read_measured(server.measure).writes, start_s, end_s, posts)


def _largest(writes: dict[str, Any], start_s: float, end_s: float, posts: int) -> dict[str, float]:
    """How many commits a post had to itself, and of the quarter with most to do their work, and the rest until known.

    A busy loop commits by turns one comment and all the others; whoever waits for these leaves the loop idle.
    """
    within = (writes["asked_s"] > start_s) & (writes["asked_s"] < end_s)
    if not within.any():
        return {"commits": 0.0, "work_s": 0.0, "sync_s": 0.0}
    cpu_s, rest_s = writes["cpu_s"][within], (writes["answered_s"] - writes["worked_s"])[within]
    large = cpu_s >= np.quantile(cpu_s, 0.75)
    found = {"work_s": float(np.median(cpu_s[large])), "sync_s": float(np.median(rest_s[large]))}
    return {"commits": int(within.sum()) / posts} | found


KINDS = {"readers": readers, "authors": authors, "capacity": capacity}


def lone_costs(case: Case, measured: Measured, receipts: Receipts, intended: dict[int, float]) -> dict[str, Any]:
    """Each stage's samples, and a fan-out's time for each of its viewers by the comments in it."""
    comments, fan_outs = measured.comments, measured.fan_outs
    due_s = np.array([intended[int(seq)] for seq in comments["seq"]])
    sizes = fan_outs["last"] - fan_outs["first"] + 1
    took_s = fan_outs["end_s"] - fan_outs["start_s"]
    longer_bytes = len(case.text.encode()) - len(case.text)  # the server's record counts characters
    more, one = np.polyfit(sizes, took_s, 1) if len(set(sizes)) > 1 else (0.0, float(took_s.mean()))
    late_s = fan_outs["start_s"][1:] - fan_outs["end_s"][:-1] - case.window_ms / 1e3
    late_s = late_s[(late_s > -0.002) & (late_s < 0.005)]
    began = dict(zip(fan_outs["first"], fan_outs["start_s"] + took_s / 2, strict=True))
    lags_s = [at - began[first] for at, first in zip(receipts.times_s, receipts.firsts, strict=True) if first in began]
    return {
        "ingress_s": np.maximum(0.0, comments["received_s"] - due_s).tolist(),
        "api_s": (comments["admitted_s"] - comments["received_s"]).tolist(),
        "commit_s": (comments["durable_s"] - comments["admitted_s"]).tolist(),
        "hop_s": (comments["hub_s"] - comments["durable_s"]).tolist(),
        "send_s": max(0.0, (one + more) / case.viewers),
        "comment_s": max(0.0, more / case.viewers),
        "slack_s": float(np.median(np.maximum(late_s, 0.0))) if len(late_s) else 0.0,
        "comment_bytes": float(fan_outs["size_bytes"].sum() / sizes.sum()) + longer_bytes,
        "lag_s": max(0.0, float(np.mean(lags_s))) if lags_s else 0.0,
    }


def _receipts(fast: Crowd) -> Receipts:
    ours = fast.receipts
    return Receipts(np.asarray(ours.times_s), np.asarray(ours.firsts, np.int64), np.asarray(ours.sizes, np.int64))


def _running(server: Server) -> Running:
    request = f"GET /v1/streams/{STREAM}/events HTTP/1.1\r\nHost: bench\r\n\r\n".encode()
    return Running(server.pid, int(server.url.rpartition(":")[2]), request, lambda texts: b"")


class _looked_at:  # noqa: N801 - reads as what it does
    def __init__(self, server: Server) -> None:
        self._server = server

    async def __aenter__(self) -> None:
        self._task = asyncio.create_task(self._server.look())

    async def __aexit__(self, *_: object) -> None:
        self._task.cancel()


async def main(arguments: Sequence[str]) -> None:
    case, url, pid, measure = arguments
    asked = Case(**json.loads(case))
    asked = Case(**{**json.loads(case), "rate": tuple(asked.rate)})
    token = await gateway_token(url)
    await open_stream(url, STREAM, token)
    start = Cursor.parse(await head_cursor(url, STREAM))
    server = Server(url, int(pid), Path(measure), token, start)
    cpu_s, began_s = time.process_time(), time.monotonic()
    found = await KINDS[asked.kind](asked, server)
    busy = (time.process_time() - cpu_s) / (time.monotonic() - began_s)
    found |= {"busy": busy + found.pop("viewers_busy", 0.0), "queued_peak_bytes": max(server.queued_bytes, default=0)}
    sys.stdout.write(json.dumps(found) + "\n")


if __name__ == "__main__":
    uvloop.run(main(sys.argv[1:]))
