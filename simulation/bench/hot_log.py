"""``livecomments bench hot``: what a hot window takes, beside what redis-benchmark says of the same commands.

One Redis on one core, everything else on the other. Rows named for redis-benchmark are its own figures: the append
script with one comment a call, and a bare ``ZADD`` of as many bytes. The others are the log itself, as the server uses
it: batches of one stream, from drafts to answers, alone or while an archiver moves them into SQLite.
"""

import asyncio
import re
import subprocess
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

import numpy as np
import uuid_utils
from redis.asyncio import Redis
from rich.table import Table

from reference_impl.adapters.hot.durable import Opening
from reference_impl.adapters.hot.window import Window, WindowConfig
from reference_impl.adapters.redis.connection import connect
from reference_impl.ports import Appended
from reference_impl.protocol.events import Draft, author_data, comment_data
from reference_impl.protocol.streams import State, Stream, StreamSettings
from reference_impl.storage import hot, migrate_all, open_databases
from simulation.engines import processes, with_parent
from simulation.engines.ports import free_port
from simulation.tables import on_screen

STREAM = "final"
TEXT = "What a goal! " * 5
BATCHES = (1, 50, 500)
ROOM = WindowConfig(entries_max=100_000_000, size_bytes=8 * 1024**3)
BENCHMARK_CALLS = 100_000
START_S = 60.0
PROGRAMS = ("redis-server", "redis-benchmark")  # which must be installed

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """Medians of the runs; ``batch``: comments a call; ``sync``: how Redis syncs its append-only file."""

    what: str
    batch: int
    sync: str
    comments_per_s: float
    least_per_s: float
    most_per_s: float
    call_p50_ms: float | None = None
    call_p99_ms: float | None = None


async def bench_hot(seconds: float, runs: int, say: Say) -> list[Row]:
    """Measure everything ``runs`` times, in turns."""
    rows: dict[tuple[str, int, str], list[Row]] = {}
    for run in range(runs):
        for sync in ("everysec", "always"):
            say(f"run {run + 1} of {runs}, appendfsync {sync}")
            async with redis_server(sync) as url:
                for row in [*await _by_redis_benchmark(url, sync), *await _by_the_log(url, sync, seconds)]:
                    rows.setdefault((row.what, row.batch, row.sync), []).append(row)
    return [_median(each) for each in rows.values()]


@asynccontextmanager
async def redis_server(sync: str) -> AsyncIterator[str]:
    """A redis-server of the run's own on the server's core, with an append-only file."""
    with TemporaryDirectory(prefix="livecomments-hot-") as folder:
        port = free_port()
        options = ["--port", f"{port}", "--bind", "127.0.0.1", "--dir", folder, "--save", ""]
        process = await asyncio.create_subprocess_exec(
            *with_parent.program(["redis-server", *options, "--appendonly", "yes", "--appendfsync", sync]),
            stdout=subprocess.DEVNULL, start_new_session=True,
        )  # fmt: skip
        processes.pin(process.pid, processes.cores().server)
        try:
            await _answers(port)
            yield f"redis://127.0.0.1:{port}"
        finally:
            await processes.stop(process)


async def _answers(port: int) -> None:
    async with asyncio.timeout(START_S):
        while True:
            with suppress(OSError):
                _, writer = await asyncio.open_connection("127.0.0.1", port)
                writer.close()
                return
            await asyncio.sleep(0.02)


async def _by_redis_benchmark(url: str, sync: str) -> list[Row]:
    """The script and a bare insertion, one comment a call, from fifty connections."""
    client = connect(url)
    assert isinstance(client, Redis)
    window = Window(client, ROOM)
    await window.open(Opening(term=1, made=True, new=True, head=0, last_at_ms=0, epoch=1), STREAM)
    command = window.append_command(STREAM, 1, [draft()])
    await client.eval(*command)
    digest = await client.script_load(str(command[0]))
    script = ["evalsha", digest, *(f"{part}" for part in command[1:])]
    script[4 + 1] = re.sub("[0-9a-f]{32}$", "__rand_int__", script[4 + 1])  # a key for each call
    added = ["zadd", f"lc:{{{STREAM}}}:bare", "__rand_int__", "__rand_int__" + script[-2]]
    rows = []
    for depth in (1, 16):
        for name, benchmark in (("script", script), ("ZADD", added)):
            per_s, p50_ms, p99_ms = await _redis_benchmark(url, benchmark, depth)
            what = f"{name}, redis-benchmark" + (f" -P {depth}" if depth > 1 else "")
            rows.append(Row(
                what=what, batch=1, sync=sync, comments_per_s=per_s, least_per_s=per_s, most_per_s=per_s,
                call_p50_ms=p50_ms, call_p99_ms=p99_ms,
            ))  # fmt: skip
    await client.flushall()
    await window.close()
    return rows


async def _redis_benchmark(url: str, command: Sequence[str], depth: int) -> tuple[float, float, float]:
    port = url.rsplit(":", 1)[1]
    options = ["-p", port, "-n", f"{BENCHMARK_CALLS}", "-r", "1000000000", "-P", f"{depth}", "--csv"]
    process = await asyncio.create_subprocess_exec(
        *with_parent.program(["redis-benchmark", *options, *command]),
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True,
    )  # fmt: skip
    try:
        said, complained = await process.communicate()
    finally:
        await processes.stop(process)
    figures = said.decode().strip().rstrip('"').split('","')[-7:]  # the command itself may hold anything
    if process.returncode or len(figures) < 7 or b"ERR" in complained:
        raise processes.ProcessError(f"redis-benchmark: {(complained or said).decode()[-300:]}")
    per_s, _, _, p50_ms, _, p99_ms, _ = map(float, figures)
    return per_s, p50_ms, p99_ms


async def _by_the_log(url: str, sync: str, seconds: float) -> list[Row]:
    rows = []
    for archived in (False, True):
        for batch in BATCHES:
            with TemporaryDirectory(prefix="livecomments-hot-") as folder:
                rows.append(await _append(url, Path(folder), sync, batch, seconds, archived=archived))
    return rows


async def _append(url: str, folder: Path, sync: str, batch: int, seconds: float, *, archived: bool) -> Row:
    """One writer, one batch after the other, as the queue in front of the log does it."""
    log_url = f"sqlite:///{folder / 'log.sqlite'}"
    await migrate_all(log_url, 1)
    databases = await open_databases(log_url, 1)
    client = connect(url)
    await client.flushall()
    store = await hot(databases[0], url, ROOM)
    await store.directory.create(stream())
    work = asyncio.create_task(store.work()) if archived else None
    times, start_s = [], time.perf_counter()
    try:
        while time.perf_counter() < start_s + seconds:
            drafts = [draft() for _ in range(batch)]
            before_s = time.perf_counter()
            answers = await store.log.append(drafts)
            times.append(time.perf_counter() - before_s)
            if not all(isinstance(each, Appended) for each in answers):
                raise processes.ProcessError(f"the log refused: {answers[0]}")
        took_s = time.perf_counter() - start_s
    finally:
        if work:
            work.cancel()
        await client.flushall()  # what is not archived is of no use any more
        await client.aclose()
        await store.log.close()
    per_s = len(times) * batch / took_s
    p50_s, p99_s = np.quantile(times, (0.5, 0.99))
    return Row(
        what="log + archiver" if archived else "log", batch=batch, sync=sync, comments_per_s=per_s,
        least_per_s=per_s, most_per_s=per_s, call_p50_ms=float(p50_s) * 1e3, call_p99_ms=float(p99_s) * 1e3,
    )  # fmt: skip


def stream() -> Stream:
    return Stream(
        name=STREAM, title=STREAM, owner="", state=State.OPEN, settings=StreamSettings(), opened_at_ms=0
    )  # fmt: skip


def draft() -> Draft:
    identity = str(uuid_utils.uuid7())
    return Draft(
        stream=STREAM, id=identity, author="ann", created_at_ms=int(time.time() * 1000),
        data=comment_data(author_data("ann", "Ann"), TEXT, []), idempotency_key=identity,
    )  # fmt: skip


def _median(rows: Sequence[Row]) -> Row:
    rates = [row.comments_per_s for row in rows]
    p50, p99 = (median(getattr(row, name) for row in rows) for name in ("call_p50_ms", "call_p99_ms"))
    return Row(
        what=rows[0].what, batch=rows[0].batch, sync=rows[0].sync, comments_per_s=median(rates),
        least_per_s=min(rates), most_per_s=max(rates), call_p50_ms=p50, call_p99_ms=p99,
    )  # fmt: skip


HEADINGS = ("what", "a call", "appendfsync", "comments/s", "p50 ms", "p99 ms")


def lines(rows: Sequence[Row]) -> list[list[str]]:
    return [
        [
            row.what,
            f"{row.batch}",
            row.sync,
            f"{row.comments_per_s:,.0f} ({row.least_per_s:,.0f}-{row.most_per_s:,.0f})",
            f"{row.call_p50_ms:.2f}",
            f"{row.call_p99_ms:.2f}",
        ]
        for row in rows
    ]  # fmt: skip


def table(rows: Sequence[Row]) -> Table:
    return on_screen(HEADINGS, lines(rows))
