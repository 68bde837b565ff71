"""``livecomments bench display``: what a crowd in one stream is shown and what it costs, with and without rooms.

Every viewer's bytes are counted and every viewer accounts for every event of the log: shown, or among those that a
`shed` counts. A whole audience gets the same bytes, so a piece is understood once, whoever it came to. Fairness is
counted over the authors of what was posted: the chance of a comment to be shown, how equal it is from author to author
(Gini coefficient; 0 is equal), and how long an author waits between two of his comments on somebody's screen.
"""

import asyncio
import itertools
import json
import time
from array import array
from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass
from functools import lru_cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, cast
from urllib.parse import urlsplit

import aiohttp
import numpy as np
from matplotlib import pyplot
from rich.table import Table

from reference_impl.policy.display_budget import DisplayBudgetConfig
from reference_impl.protocol.cursor import Cursor
from reference_impl.protocol.sse import SseParser
from simulation.bench.fanout_load import OWN_FILES, require_files
from simulation.bench.fanout_servers import UNLIMITED
from simulation.bench.usage import cpu_seconds
from simulation.engines import processes
from simulation.engines.api_client import UNMODERATED, change_settings, gateway_token, head_cursor
from simulation.engines.live import pin_self
from simulation.machine import fingerprint

STREAM = "final"
AUTHORS = 5_000
ZIPF = 1.1  # the busiest of them write far more than the others, as in recorded chat
TICK_S = 0.05  # comments that are due within one go in one request
DELETE_EVERY_S = 0.25
OPENING_MAX = 64
LAST_S = 10.0
PER_S = 20.0  # the budget of a crowd
POSTED_MIN = 20  # of whom less is counted, chance says little
WORDS_BYTES = 23  # of an event as text, besides its name, its id and its data
TEXT = "what a goal, what a night, what a final! {number}"

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Piece:
    """What a stretch of bytes tells: events that were shown, and how far it accounts for all others."""

    shown: tuple[tuple[int, str, str], ...]  # seq, kind, the comment that is deleted
    to: int
    dropped: int
    sizes: tuple[tuple[str, int], ...]  # of each message: what it is, and its bytes


class Viewer(asyncio.Protocol):
    """One connection, which must account for every event from its first to its last."""

    def __init__(self, request: bytes, position: int, heard: Callable[["Viewer", Piece], None]) -> None:
        self._request = request
        self._heard = heard
        self._rest = b""
        self._open = False
        self.position = position
        self.bytes = self.shown = self.wrong = 0
        self.transport: asyncio.Transport = cast(asyncio.Transport, None)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)
        self.transport.write(self._request)

    def data_received(self, data: bytes) -> None:
        if not self._open:
            _, found, data = (self._rest + data).partition(b"\r\n\r\n")
            self._open, self._rest = bool(found), b"" if found else self._rest + data
        self.bytes += len(data)
        data = self._rest + data
        whole = data.rfind(b"\n\n\r\n") + 4  # the end of the last HTTP chunk that is here whole
        self._rest = data[whole:] if whole > 3 else data
        if whole > 3:
            self._take(understood(data[:whole]))

    def _take(self, pieces: Sequence[Piece]) -> None:
        for piece in pieces:
            count = sum(seq > self.position for seq, _, _ in piece.shown)
            self.shown += sum(kind == "comment" for _, kind, _ in piece.shown)
            self.wrong += piece.to - self.position != count + piece.dropped
            self.position = piece.to
            self._heard(self, piece)


@lru_cache(maxsize=512)
def understood(data: bytes) -> tuple[Piece, ...]:
    """Read whole chunks of server-sent events; a message's position is its id, and that of those before it."""
    pieces: list[Piece] = []
    waiting: list[tuple[int, str, str]] = []
    sizes: list[tuple[str, int]] = []
    text = b"".join(line + b"\n" for line in data.split(b"\n") if not line.endswith(b"\r"))
    for event in SseParser().feed(text):
        if event.event in ("hello", "heartbeat", "viewers", "room", "typing", "reactions"):
            continue
        body = json.loads(event.data)
        sizes.append((event.event, len(event.data.encode()) + len(event.event + event.id) + WORDS_BYTES))
        if event.event == "shed":
            pieces.append(Piece(tuple(waiting), body["to"], body["dropped"], tuple(sizes)))
            waiting, sizes = [], []
            continue
        waiting.append((body["seq"], event.event, body.get("comment_id") or ""))
        if event.id:
            pieces.append(Piece(tuple(waiting), body["seq"], 0, tuple(sizes)))
            waiting, sizes = [], []
    return tuple(pieces)


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """``rooms`` or one hall; the budget is the mode's 20/s."""

    rooms: bool
    viewers: int
    rate: float
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """One case's figures; bytes are of the body, per viewer and second, and of all that was posted as events."""

    case: Case
    posted: int
    shown_per_s: float
    bytes_per_s: float
    bytes_per_s_max: float
    budget_bytes_per_s: float
    everything_bytes_per_s: float
    unaccounted: int
    server_core_share: float
    chance: float
    chance_p5: float
    chance_p95: float
    gini: float
    longest_wait_s: float
    delete_p50_ms: float
    delete_p99_ms: float
    deletes: int


class _Crowd:
    """Viewers of one stream, in whichever rooms they are put."""

    def __init__(self, url: str, position: int) -> None:
        address = urlsplit(url)
        self._host, self._port = address.hostname or "", address.port or 0
        self._position = position
        self.viewers: list[Viewer] = []
        self.first_shown_s: dict[int, float] = {}  # by seq, on anybody's screen
        self.deleted_s: dict[str, array[float]] = {}  # by comment: when each viewer was told
        self.messages: Counter[str] = Counter()
        self.sizes: Counter[str] = Counter()  # bytes of all of a kind

    async def connect(self, count: int, cursor: str) -> None:
        opening = asyncio.Semaphore(OPENING_MAX)
        path = f"/v1/streams/{STREAM}/events?cursor={cursor}"
        request = f"GET {path} HTTP/1.1\r\nHost: bench\r\n\r\n".encode()
        loop = asyncio.get_running_loop()

        async def one() -> None:
            async with opening:
                viewer = Viewer(request, self._position, self._heard)
                await loop.create_connection(lambda: viewer, self._host, self._port)
                while not viewer.bytes:  # noqa: ASYNC110 - an event for each viewer costs
                    await asyncio.sleep(0.005)
                self.viewers.append(viewer)

        await asyncio.gather(*(one() for _ in range(count)))

    def close(self) -> None:
        for viewer in self.viewers:
            viewer.transport.close()

    async def all_at(self, head: int) -> None:
        until_s = time.monotonic() + LAST_S
        while min(viewer.position for viewer in self.viewers) < head and time.monotonic() < until_s:  # noqa: ASYNC110
            await asyncio.sleep(0.05)

    def _heard(self, viewer: Viewer, piece: Piece) -> None:
        now = time.monotonic()
        if viewer is self.viewers[0]:
            for kind, size_bytes in piece.sizes:
                self.messages[kind] += 1
                self.sizes[kind] += size_bytes
        for seq, kind, comment in piece.shown:
            self.first_shown_s.setdefault(seq, now)
            if kind == "delete":
                self.deleted_s.setdefault(comment, array("d")).append(now)


async def bench_display(viewers: int, rate: float, seconds: float, say: Say) -> list[Shown]:
    """Measure one hall, then rooms."""
    require_files(viewers + OWN_FILES)
    return [
        await _measure(Case(rooms=rooms, viewers=viewers, rate=rate, seconds=seconds), say) for rooms in (False, True)
    ]


async def _measure(case: Case, say: Say) -> Shown:
    pair = processes.cores()
    pin_self()
    with TemporaryDirectory(prefix="livecomments-bench-") as data:
        arguments = ["--port", "0", "--data", data, *UNLIMITED, "--viewers-max", "100000", "--display", "crowd"]
        async with processes.server(arguments, pair[0] if pair else None) as (url, pid):
            token = await gateway_token(url)
            await change_settings(url, STREAM, token, UNMODERATED | {"rooms": case.rooms})
            cursor = await head_cursor(url, STREAM)
            crowd = _Crowd(url, Cursor.parse(cursor).seq)
            say(f"{case.viewers:,} viewers connect, {'in rooms' if case.rooms else 'in one hall'}")
            await crowd.connect(case.viewers, cursor)
            before = [(viewer.bytes, viewer.shown) for viewer in crowd.viewers]
            cpu_s, start_s = cpu_seconds(pid), time.monotonic()
            async with _session(token) as session:
                writer = _Writer(session, url, case)
                deleting = asyncio.create_task(_delete(session, url, writer, crowd))
                await writer.run()
                deleting.cancel()
                deleted = (await asyncio.gather(deleting, return_exceptions=True))[0]
            elapsed_s, used_s = time.monotonic() - start_s, cpu_seconds(pid) - cpu_s
            await crowd.all_at(Cursor.parse(await head_cursor(url, STREAM)).seq)
            crowd.close()
    assert not isinstance(deleted, Exception) or isinstance(deleted, asyncio.CancelledError), deleted
    return _figures(case, crowd, writer, before, elapsed_s, used_s)


@asynccontextmanager
async def _session(token: str) -> AsyncIterator[aiohttp.ClientSession]:
    headers = {"Authorization": f"Bearer {token}"}
    async with aiohttp.ClientSession(headers=headers, raise_for_status=True) as session:
        yield session


class _Writer:
    """Posts at a steady rate, in the names of authors of whom some write much more than others."""

    def __init__(self, session: aiohttp.ClientSession, url: str, case: Case) -> None:
        self._session = session
        self._url = f"{url}/v1/streams/{STREAM}/comments:batch"
        self._case = case
        weights = 1 / np.arange(1, AUTHORS + 1) ** ZIPF
        drawn = np.random.default_rng(1).choice(AUTHORS, round(case.rate * case.seconds), p=weights / weights.sum())
        self._authors = [f"u{number}" for number in drawn]
        self.author: dict[int, str] = {}  # by seq
        self.id: dict[int, str] = {}
        self.deleted_at_s: dict[str, float] = {}

    async def run(self) -> None:
        start_s, each = time.monotonic(), max(1, round(self._case.rate * TICK_S))
        async with asyncio.TaskGroup() as tasks:
            for first in range(0, len(self._authors), each):
                await asyncio.sleep(start_s + first / self._case.rate - time.monotonic())
                tasks.create_task(self._post(first, self._authors[first : first + each]))

    async def _post(self, first: int, authors: list[str]) -> None:
        numbered = zip(itertools.count(first), authors, strict=False)
        comments = [{"text": TEXT.format(number=number), "author": {"id": author}} for number, author in numbered]
        async with self._session.post(self._url, json={"trusted": True, "comments": comments}) as answer:
            results = (await answer.json())["results"]
        for result, author in zip(results, authors, strict=True):
            self.author[result["seq"]], self.id[result["seq"]] = author, result["id"]


async def _delete(session: aiohttp.ClientSession, url: str, writer: _Writer, crowd: _Crowd) -> None:
    """Now and then take something back that is on the screens."""
    while True:
        await asyncio.sleep(DELETE_EVERY_S)
        shown = next((seq for seq in reversed(crowd.first_shown_s) if seq in writer.id), None)
        if shown is None or writer.id[shown] in writer.deleted_at_s:
            continue
        writer.deleted_at_s[writer.id[shown]] = time.monotonic()
        async with session.delete(f"{url}/v1/streams/{STREAM}/comments/{writer.id[shown]}"):
            pass


def _figures(
    case: Case, crowd: _Crowd, writer: _Writer, before: list[tuple[int, int]], elapsed_s: float, used_s: float
) -> Shown:
    rates = [(viewer.bytes - first) / elapsed_s for viewer, (first, _) in zip(crowd.viewers, before, strict=True)]
    told_ms = [
        (at_s - writer.deleted_at_s[comment]) * 1000 for comment, times_s in crowd.deleted_s.items() for at_s in times_s
    ]
    size = {kind: total / crowd.messages[kind] for kind, total in crowd.sizes.items()}
    others_per_s = 1000 / DisplayBudgetConfig(per_s=PER_S).window_ms * size["shed"] + size["delete"] / DELETE_EVERY_S
    chances, wait_s = _fairness(writer, crowd, case.seconds)
    return Shown(
        case=case,
        posted=len(writer.author),
        shown_per_s=round(float(np.mean([viewer.shown for viewer in crowd.viewers])) / elapsed_s, 2),
        bytes_per_s=round(float(np.mean(rates))),
        bytes_per_s_max=round(max(rates)),
        budget_bytes_per_s=round(PER_S * size["comment"] + others_per_s),
        everything_bytes_per_s=round(case.rate * size["comment"]),
        unaccounted=sum(viewer.wrong for viewer in crowd.viewers)
        + sum(viewer.position != max(viewer.position for viewer in crowd.viewers) for viewer in crowd.viewers),
        server_core_share=round(used_s / elapsed_s, 3),
        chance=round(len(set(crowd.first_shown_s) & set(writer.author)) / len(writer.author), 4),
        chance_p5=round(float(np.percentile(chances, 5)), 4),
        chance_p95=round(float(np.percentile(chances, 95)), 4),
        gini=round(_gini(chances), 3),
        longest_wait_s=round(wait_s, 1),
        delete_p50_ms=round(float(np.percentile(told_ms, 50)), 1),
        delete_p99_ms=round(float(np.percentile(told_ms, 99)), 1),
        deletes=len(crowd.deleted_s),
    )


def _fairness(writer: _Writer, crowd: _Crowd, seconds: float) -> tuple[list[float], float]:
    """Each author's share of comments shown, and the longest that one of them waited to be on a screen."""
    posted = Counter(writer.author.values())
    start_s = min(crowd.first_shown_s.values())
    times_s: dict[str, list[float]] = {
        author: [0.0, seconds] for author, count in posted.items() if count >= POSTED_MIN
    }
    for seq, at_s in crowd.first_shown_s.items():
        if (author := writer.author.get(seq)) in times_s:
            times_s[author].append(at_s - start_s)
    chances = [(len(times) - 2) / posted[author] for author, times in times_s.items()]
    waits_s = [max(np.diff(sorted(times))) for times in times_s.values()]
    return chances, float(max(waits_s))


def _gini(values: Sequence[float]) -> float:
    """How unequal values are: 0 when all are the same, towards 1 when one has all (Gini, 1912)."""
    ordered = np.sort(np.asarray(values))
    ranks = np.arange(1, len(ordered) + 1)
    return float((2 * ranks - len(ordered) - 1) @ ordered / max(len(ordered) * ordered.sum(), 1e-9))


def faultless(rows: Sequence[Shown]) -> bool:
    """Whether everybody could account for everything, and got no more than the budget in bytes, bursts included."""
    return not any(row.unaccounted for row in rows)


def lines(rows: Sequence[Shown]) -> list[list[str]]:
    """The figures in words, a line each, a column for each case."""
    return [
        ["comments shown, per s", *(f"{row.shown_per_s:.1f}" for row in rows)],
        ["bytes to a viewer, per s (most)", *(f"{row.bytes_per_s:,} ({row.bytes_per_s_max:,})" for row in rows)],
        ["its budget in bytes, per s", *(f"{row.budget_bytes_per_s:,}" for row in rows)],
        ["all that was posted, per s", *(f"{row.everything_bytes_per_s:,}" for row in rows)],
        ["events that a viewer cannot account for", *(f"{row.unaccounted}" for row in rows)],
        ["a comment's chance to be on a screen", *(f"{row.chance:.1%}" for row in rows)],
        ["by author, 5 % to 95 %", *(f"{row.chance_p5:.1%} to {row.chance_p95:.1%}" for row in rows)],
        ["inequality of that chance (Gini)", *(f"{row.gini:.2f}" for row in rows)],
        ["longest wait of an author, s", *(f"{row.longest_wait_s:.1f}" for row in rows)],
        ["deletion to screen, p50 and p99, ms", *(f"{row.delete_p50_ms:.0f}, {row.delete_p99_ms:.0f}" for row in rows)],
        ["the server's core", *(f"{row.server_core_share:.0%}" for row in rows)],
    ]


def table(rows: Sequence[Shown]) -> Table:
    case = rows[0].case
    table = Table(title=f"{case.viewers:,} viewers in crowd mode, {case.rate:,.0f} comments/s")
    for heading in ("", *("rooms" if row.case.rooms else "one hall" for row in rows)):
        table.add_column(heading, justify="right" if heading else "left")
    for line in lines(rows):
        table.add_row(*line)
    return table


def plot(rows: Sequence[Shown], path: Path) -> None:
    """Draw what a viewer is sent, beside its budget and beside everything."""
    figure, axes = pyplot.subplots(figsize=(8, 3), layout="constrained")
    names = ["rooms" if row.case.rooms else "one hall" for row in rows]
    for offset, name, label in (
        (-0.25, "bytes_per_s", "sent"), (0.0, "budget_bytes_per_s", "budget"), (0.25, "everything_bytes_per_s", "all"),
    ):  # fmt: skip
        places = [number + offset for number in range(len(rows))]
        bars = axes.barh(places, [getattr(row, name) / 1000 for row in rows], height=0.22, label=label)
        axes.bar_label(bars, fmt="%.1f", padding=3)
    axes.set(xscale="log", xlabel="kB/s to a viewer", yticks=range(len(rows)), yticklabels=names)
    axes.set_title(f"{rows[0].case.viewers:,} viewers, {rows[0].case.rate:,.0f} comments/s")
    axes.legend()
    figure.savefig(path, dpi=120)
    pyplot.close(figure)


def document(rows: Sequence[Shown]) -> dict[str, Any]:
    return {"machine": fingerprint(), "rows": [asdict(row) for row in rows]}
