"""Viewers that ask, for load tests: by their own clock, as the server says, or a cache for what it has of a second."""

import asyncio
import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from random import Random

from reference_impl.policy.polling import spread_s
from reference_impl.protocol.cursor import Cursor
from simulation.engines.sse_client import Piece
from simulation.experiments.push_vs_pull.http import GZIP, Answer, Asking, request
from simulation.experiments.push_vs_pull.plan import WAIT_S
from simulation.experiments.push_vs_pull.wire import wire_bytes

REMEMBERED = 1_024  # bodies: a crowd gets the same ones
NEXT = b'],"next_cursor":'
TURNED_AWAY = (502, 503, 504)  # by a server that cannot, or by the cache in front of it
AGAIN_S = 1.0  # after which one comes back who was turned away

Take = Callable[[Piece], None]


@dataclass(slots=True)
class Counts:
    """Of all viewers of a process. An answer without a comment is ``empty``, whatever else is in it.

    ``refused``: requests that nobody would answer; whoever asked asks again.
    """

    requests: int = 0
    answers: int = 0
    empty: int = 0
    refused: int = 0

    def took(self, seqs: tuple[int, ...]) -> None:
        self.answers += 1
        self.empty += not seqs


@dataclass(frozen=True, slots=True)
class Place:
    """Whom to ask about what; ``start``: what comes after this is wanted."""

    host: str
    port: int
    stream: str
    start: Cursor

    def path(self, what: str) -> str:
        return f"/v1/streams/{self.stream}/{what}"


class Viewer:
    """One connection after another: a server closes one that has been silent for a while. ``take`` gets what is new."""

    def __init__(self, place: Place, counts: Counts, take: Take, rng: Random) -> None:
        self.connections = 0
        self._connection = Asking()
        self._place = place
        self._counts = counts
        self._take = take
        self._rng = rng
        self._earlier_bytes = self._latest_bytes = 0  # of earlier connections, and of this one as it was last seen

    @property
    def wire_bytes(self) -> int:
        if self._connection.is_open:
            self._latest_bytes = wire_bytes([self._connection.transport])
        return self._earlier_bytes + self._latest_bytes

    async def open(self) -> None:
        self._earlier_bytes, self._latest_bytes = self._earlier_bytes + self._latest_bytes, 0
        self._connection = await Asking.opened(self._place.host, self._place.port)
        self.connections += 1

    async def _ask(self, path: str, *fields: str) -> Answer:
        asked = request(path, f"{self._place.host}:{self._place.port}", *fields)
        while True:
            self._counts.requests += 1
            answer = await self._answer(asked)
            if answer is not None and answer.status in (200, 304):
                return answer
            if answer is not None and answer.status not in TURNED_AWAY:
                raise ConnectionError(f"{path} was answered with {answer.status}: {answer.text[:200]!r}")
            self._counts.refused += 1
            await asyncio.sleep(AGAIN_S)

    async def _answer(self, asked: bytes) -> Answer | None:
        try:
            try:
                answer = await self._connection.ask(asked)
            except ConnectionError:  # it may have been closed as this was on its way
                await self.open()
                answer = await self._connection.ask(asked)
        except OSError:
            return None
        _ = self.wire_bytes  # of a connection that was closed the kernel tells nothing any more
        return answer

    def _took(self, seqs: tuple[int, ...]) -> None:
        self._counts.took(seqs)
        if seqs:
            self._take(Piece(seqs, (), seqs == tuple(range(seqs[0], seqs[0] + len(seqs)))))


class Poller(Viewer):
    """Asks for what came after its cursor; ``period_s`` 0: a long poll, after the pause that the server says."""

    async def run(self, phase_s: float, period_s: float) -> None:
        cursor, tag, due_s = str(self._place.start), "", time.monotonic() + phase_s
        wait_s = 0.0 if period_s else WAIT_S
        while True:
            await asyncio.sleep(due_s - time.monotonic())
            known = [f"If-None-Match: {tag}"] if tag else []
            answer = await self._ask(f"{self._place.path('poll')}?wait_s={wait_s:g}&cursor={cursor}", *known)
            tag, pause_s = answer.tag, 0.0
            if answer.status == 304:
                self._took(())
            else:
                items, _, rest = answer.text.partition(NEXT)
                said = json.loads(b'{"next_cursor":' + rest)
                cursor, pause_s = said["next_cursor"], said["poll_after_ms"] / 1000
                self._took(seqs_of(items + b"]}"))
            due_s = due_s + period_s if period_s else time.monotonic() + pause_s


class SegmentReader(Viewer):
    """Reads the manifest, and then the seconds that it has not got, as the client does."""

    async def run(self, phase_s: float, _period_s: float) -> None:
        path, tag, position = self._place.path("segments"), "", self._place.start.seq
        listed: tuple[tuple[str, int], ...] = ()
        pause_s = phase_s
        while True:
            await asyncio.sleep(pause_s)
            answer = await self._ask(path, GZIP, *([f"If-None-Match: {tag}"] if tag else []))
            self._counts.took(())
            if answer.status == 200:
                tag, (listed, told_s) = answer.tag, listed_in(answer.body)
            for address, last in listed:
                if last > position:
                    self._took(_after(position, seqs_in((await self._ask(path + address, GZIP)).body)))
                    position = last
            pause_s = spread_s(told_s, self._rng)


@lru_cache(maxsize=REMEMBERED)
def listed_in(body: bytes) -> tuple[tuple[tuple[str, int], ...], float]:
    """A manifest's segments (the end of each one's address, its last event), and the pause that it asks for."""
    said = json.loads(Answer(200, "", body).text)
    listed = tuple((f"/{each['offset']}/{each['revision']}", int(each["last"])) for each in said["segments"])
    return listed, said["poll_after_ms"] / 1000


@lru_cache(maxsize=REMEMBERED)
def seqs_in(body: bytes) -> tuple[int, ...]:
    return seqs_of(Answer(200, "", body).text)


@lru_cache(maxsize=REMEMBERED)
def seqs_of(text: bytes) -> tuple[int, ...]:
    """The comments of an answer, by number."""
    return tuple(int(item["data"]["seq"]) for item in json.loads(text)["items"] if item["event"] == "comment")


def _after(position: int, seqs: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(seq for seq in seqs if seq > position)
