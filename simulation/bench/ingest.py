"""``livecomments bench ingest``: how many comments a server takes, how fast it acknowledges, and what each costs it.

The server has one core and this client another. Posts are what users' are: authorised, under rate limits and rules,
each with an Idempotency-Key, durable when answered. The same is measured again as the log grows.
"""

import json
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import uuid_utils
from rich.table import Column, Table

from simulation import drawing
from simulation.bench.bare import rows_per_s
from simulation.bench.http_load import Answers, closed_loop, open_loop, request_bytes
from simulation.engines import processes
from simulation.engines.api_client import gateway_token, head_cursor, user_token
from simulation.engines.live import pin_self
from simulation.engines.processes import cpu_seconds

STREAM = "bench"
POSTS = f"/v1/streams/{STREAM}/comments"
USERS = 500
CONNECTIONS = 64
BATCH_CONNECTIONS = 4
BATCH = 500
PAGE = 50
WARM_UP_S = 2.0
UNLIMITED = ["--rate-burst", "1000000", "--rate-period-s", "1"]  # the limiter works, and never says no

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Row:
    """One measurement. For reading, ``comments_per_s`` counts comments read and ``ack`` is the page's answer."""

    log: str
    endpoint: str
    comments_per_s: float
    ack_p50_ms: float | None
    ack_p99_ms: float | None
    cpu_us_per_comment: float | None
    stored_before: int


class Bench:
    """A server that runs, and what can be measured of it."""

    def __init__(self, log: str, url: str, pid: int, tokens: Sequence[str], gateway: str, seconds: float) -> None:
        self._log = log
        self._url = url
        self._pid = pid
        self._tokens = tokens
        self._gateway = gateway
        self._seconds = seconds
        self._random = random.Random(1)

    async def measure(self) -> list[Row]:
        """All endpoints, at the present size of the log."""
        await closed_loop(self._url, CONNECTIONS, WARM_UP_S, self._post)
        full = await self._row("POST comments", 1, lambda: self._closed(CONNECTIONS, self._post))
        half = await self._row("POST comments, half of that", 1, lambda: self._paced(full.comments_per_s / 2))
        batch = await self._row("POST comments:batch", BATCH, lambda: self._closed(BATCH_CONNECTIONS, self._batch))
        epoch, _, head = (await head_cursor(self._url, STREAM)).partition(":")
        pages = await self._row("GET comments", PAGE, lambda: self._closed(8, lambda: self._page(epoch, int(head))))
        return [full, half, batch, pages]

    async def fill(self, stored: int, say: Say) -> None:
        """Import until the stream holds about that many, as an importer does: trusted, without keys."""
        while (head := await self.stored()) < stored:
            say(f"importing: {head:,} of {stored:,} comments stored")
            await closed_loop(self._url, BATCH_CONNECTIONS, min(5.0, (stored - head) / 20_000), self._import)

    async def stored(self) -> int:
        return int((await head_cursor(self._url, STREAM)).split(":")[1])

    async def _row(self, endpoint: str, comments: int, run: Callable[[], Awaitable[Answers]]) -> Row:
        before, cpu_s = await self.stored(), cpu_seconds(self._pid)
        answers = await run()
        cpu_s = cpu_seconds(self._pid) - cpu_s
        if answers.bad:
            raise processes.ProcessError(f"{endpoint}: {answers.bad} answers were errors: {answers.first_bad!r}")
        count = len(answers.latency_s) * comments
        p50, p99 = np.percentile(answers.latency_s, [50, 99]) * 1000
        return Row(
            self._log, endpoint, round(count / self._seconds, 1), round(p50, 2), round(p99, 2),
            round(cpu_s / count * 1e6, 1), before,
        )  # fmt: skip

    async def _closed(self, connections: int, request: Callable[[], bytes]) -> Answers:
        return await closed_loop(self._url, connections, self._seconds, request)

    async def _paced(self, rate: float) -> Answers:
        return await open_loop(self._url, CONNECTIONS, self._seconds, rate, self._post)

    def _post(self) -> bytes:
        body = json.dumps({"text": self._text()}).encode()
        return request_bytes("POST", POSTS, self._random.choice(self._tokens), body, str(uuid_utils.uuid7()))

    def _batch(self) -> bytes:
        comments = [self._item() | {"idempotency_key": str(uuid_utils.uuid7())} for _ in range(BATCH)]
        return request_bytes("POST", f"{POSTS}:batch", self._gateway, json.dumps({"comments": comments}).encode())

    def _import(self) -> bytes:
        body = {"comments": [self._item() for _ in range(BATCH)], "trusted": True}
        return request_bytes("POST", f"{POSTS}:batch", self._gateway, json.dumps(body).encode())

    def _item(self) -> dict[str, object]:
        return {"text": self._text(), "author": {"id": f"u{self._random.randrange(10_000)}"}}

    def _page(self, epoch: str, head: int) -> bytes:
        """A page from anywhere in the history."""
        return request_bytes("GET", f"{POSTS}?limit={PAGE}&before={epoch}:{self._random.randrange(PAGE + 1, head)}")

    def _text(self) -> str:
        return f"What a goal! {self._random.getrandbits(30)}"


async def bench_ingest(log: str, sizes: Sequence[int], seconds: float, data: Path | None, say: Say) -> list[Row]:
    """Measure at each size of the log, smallest first; without ``log`` it is SQLite, in ``data`` or thrown away."""
    name = "postgresql" if log.startswith("postgresql:") else "sqlite"
    with TemporaryDirectory(prefix="livecomments-bench-") as scratch:
        folder = data or Path(scratch)
        say(f"{name}: bare inserts")
        bare = Row(name, "bare INSERT", round(await rows_per_s(log, Path(scratch), seconds), 1), None, None, None, 0)
        rows = [bare]
        async with _running(name, log, folder, seconds) as bench:
            for size in sorted(sizes):
                await bench.fill(size, say)
                say(f"{name}: measuring with {await bench.stored():,} comments stored")
                rows += await bench.measure()
    return rows


@asynccontextmanager
async def _running(name: str, log: str, folder: Path, seconds: float) -> AsyncIterator[Bench]:
    pin_self()
    arguments = ["--port", "0", "--data", str(folder), *UNLIMITED, *(["--log", log] if log else [])]
    async with processes.server(arguments, processes.cores().server) as (url, pid):
        gateway = await gateway_token(url)
        tokens = [await user_token(url, f"user{number}") for number in range(USERS)]
        yield Bench(name, url, pid, tokens, gateway, seconds)


def table(rows: Sequence[Row]) -> Table:
    """The rows for people."""
    shown = Table("log", "endpoint", *(Column(name, justify="right") for name in _NUMBERS), box=None, header_style="")
    for row in rows:
        numbers = (row.stored_before, row.comments_per_s, row.ack_p50_ms, row.ack_p99_ms, row.cpu_us_per_comment)
        shown.add_row(row.log, row.endpoint, *("" if number is None else f"{number:,}" for number in numbers))
    return shown


_NUMBERS = ("stored before", "comments/s", "ack p50 ms", "ack p99 ms", "CPU us/comment")


def plot(rows: Sequence[Row], path: Path) -> None:
    """Draw cost and answer time against the size of the log: flat lines are what is wanted."""
    figure, (cost, answer) = drawing.pyplot.subplots(1, 2, figsize=(10, 4), layout="constrained")
    for log, endpoint in dict.fromkeys((row.log, row.endpoint) for row in rows if row.ack_p99_ms is not None):
        mine = [row for row in rows if (row.log, row.endpoint) == (log, endpoint)]
        stored, label = [row.stored_before for row in mine], f"{endpoint} ({log})"
        cost.loglog(stored, [row.cpu_us_per_comment for row in mine], "o-", label=label)
        answer.loglog(stored, [row.ack_p99_ms for row in mine], "o-", label=label)
    for axes, title in ((cost, "CPU per comment, us"), (answer, "answer, p99, ms")):
        axes.set(title=title, xlabel="comments stored before")
        axes.grid(alpha=0.3)
    cost.legend(fontsize=8)
    figure.savefig(path, dpi=120)
    drawing.pyplot.close(figure)
