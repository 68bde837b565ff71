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
from tempfile import TemporaryDirectory
from typing import Any
from urllib.parse import urlsplit

import aiohttp
import numpy as np

from reference_impl.policy.display_budget import DisplayBudgetConfig
from reference_impl.protocol.cursor import Cursor
from simulation.bench.display_rows import Case, Shown
from simulation.bench.display_viewer import Piece, Viewer
from simulation.bench.fanout_load import OWN_FILES, require_files
from simulation.bench.fanout_servers import UNLIMITED
from simulation.engines import processes
from simulation.engines.api_client import UNMODERATED, change_settings, gateway_token, head_cursor
from simulation.engines.live import pin_self
from simulation.engines.processes import cpu_seconds

STREAM = "final"
AUTHORS = 5_000
ZIPF = 1.1  # the busiest of them write far more than the others, as in recorded chat
TICK_S = 0.05  # comments that are due within one go in one request
DELETE_EVERY_S = 0.25
OLD_S = 2.0  # what is taken back was shown before, and is in a segment by then
OPENING_MAX = 64
LAST_S = 10.0
PER_S = 20.0  # the budget of a crowd
POSTED_MIN = 20  # of whom less is counted, chance says little
TEXT = "what a goal, what a night, what a final! {number}."

Say = Callable[[str], None]


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
    pin_self()
    with TemporaryDirectory(prefix="livecomments-bench-") as data:
        arguments = ["--port", "0", "--data", data, *UNLIMITED, "--viewers-max", "100000", "--display", "crowd"]
        async with processes.server(arguments, processes.cores().server) as (url, pid):
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
                moderator = _Moderator(session, url, writer, crowd)
                async with asyncio.TaskGroup() as tasks:
                    moderating = tasks.create_task(moderator.run())
                    await writer.run()
                    moderating.cancel()
            elapsed_s, used_s = time.monotonic() - start_s, cpu_seconds(pid) - cpu_s
            await crowd.all_at(Cursor.parse(await head_cursor(url, STREAM)).seq)
            crowd.close()
    return _figures(case, crowd, writer, moderator, before, elapsed_s, used_s)


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
        self.text: dict[int, str] = {}
        self.epoch = 0

    async def run(self) -> None:
        start_s, each = time.monotonic(), max(1, round(self._case.rate * TICK_S))
        async with asyncio.TaskGroup() as tasks:
            for first in range(0, len(self._authors), each):
                await asyncio.sleep(start_s + first / self._case.rate - time.monotonic())
                tasks.create_task(self._post(first, self._authors[first : first + each]))

    async def _post(self, first: int, authors: list[str]) -> None:
        numbered = zip(itertools.count(first), authors, strict=False)
        comments: list[dict[str, Any]] = [
            {"text": TEXT.format(number=number), "author": {"id": author}} for number, author in numbered
        ]
        async with self._session.post(self._url, json={"trusted": True, "comments": comments}) as answer:
            results = (await answer.json())["results"]
        for result, comment in zip(results, comments, strict=True):
            seq = result["seq"]
            self.author[seq], self.id[seq], self.text[seq] = comment["author"]["id"], result["id"], comment["text"]
            self.epoch = Cursor.parse(result["cursor"]).epoch


class _Moderator:
    """Now and then takes something back that was on the screens, and looks for how long it can still be read."""

    def __init__(self, session: aiohttp.ClientSession, url: str, writer: _Writer, crowd: _Crowd) -> None:
        self._session = session
        self._url = f"{url}/v1/streams/{STREAM}"
        self._writer = writer
        self._crowd = crowd
        self.began_s: dict[str, float] = {}  # by comment
        self.history_ms: list[float] = []
        self.segments_ms: list[float] = []

    async def run(self) -> None:
        while True:
            await asyncio.sleep(DELETE_EVERY_S)
            before_s = time.monotonic() - OLD_S
            old = (seq for seq in reversed(self._crowd.first_shown_s) if self._crowd.first_shown_s[seq] < before_s)
            seq = next((seq for seq in old if seq in self._writer.id), None)
            if seq is not None and self._writer.id[seq] not in self.began_s:
                await self._take_back(seq, self._writer.id[seq])

    async def _take_back(self, seq: int, comment: str) -> None:
        start_s = self.began_s[comment] = time.monotonic()
        async with self._session.delete(f"{self._url}/comments/{comment}"):
            pass
        for read, times_ms in ((self._history, self.history_ms), (self._segment, self.segments_ms)):
            while self._writer.text[seq] in await read(seq):  # noqa: ASYNC110 - it asks
                await asyncio.sleep(0.01)
            times_ms.append((time.monotonic() - start_s) * 1000)

    async def _history(self, seq: int) -> str:
        return await self._get(f"{self._url}/comments?after={self._writer.epoch}:{seq - 1}&limit=1")

    async def _segment(self, seq: int) -> str:
        """The second that the comment is in, as the manifest names it now."""
        listed = json.loads(await self._get(f"{self._url}/segments"))["segments"]
        found = next((each for each in listed if each["first"] <= seq <= each["last"]), None)
        return "" if found is None else await self._get(f"{self._url}/segments/{found['offset']}/{found['revision']}")

    async def _get(self, url: str) -> str:
        async with self._session.get(url, raise_for_status=False) as answer:
            return await answer.text()


def _figures(
    case: Case,
    crowd: _Crowd,
    writer: _Writer,
    moderator: _Moderator,
    before: list[tuple[int, int]],
    elapsed_s: float,
    used_s: float,
) -> Shown:
    rates = [(viewer.bytes - first) / elapsed_s for viewer, (first, _) in zip(crowd.viewers, before, strict=True)]
    told_ms = [
        (at_s - moderator.began_s[comment]) * 1000 for comment, times_s in crowd.deleted_s.items() for at_s in times_s
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
        history_p99_ms=_p99(moderator.history_ms),
        segments_p99_ms=_p99(moderator.segments_ms),
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


def _p99(times_ms: Sequence[float]) -> float:
    return round(float(np.percentile(times_ms, 99)), 1)


def _gini(values: Sequence[float]) -> float:
    """How unequal values are: 0 when all are the same, towards 1 when one has all (Gini, 1912)."""
    ordered = np.sort(np.asarray(values))
    ranks = np.arange(1, len(ordered) + 1)
    return float((2 * ranks - len(ordered) - 1) @ ordered / max(len(ordered) * ordered.sum(), 1e-9))
