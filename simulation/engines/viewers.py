"""The synthetic viewers: a process that follows one stream over many SSE connections and times what comes.

    python -m simulation.engines.viewers URL[,URL…] STREAM CURSOR VIEWERS RECEIPTS.npz [BEFALLEN]

The receipts of the first BEFALLEN of them are kept by themselves, in RECEIPTS-befallen.npz.

With several addresses the viewers are spread over them evenly, and one that is let go comes back to the next.

Speaks JSON lines on standard output: ``{"ready": n}`` once all viewers are connected, then its progress twice a second.
A line ``finish HEAD`` on standard input makes it wait until every viewer has event HEAD (30 s at most), write the
receipts and print a last line with its counts. A line ``storm VIEWERS JITTER`` before that cuts off so many of them
(JITTER 0: they come back after whole delays); ``slow_reader VIEWERS STOP`` makes so many stop reading, or go on.
It ends by itself when its parent goes away.
"""

import asyncio
import itertools
import json
import random
import sys
import time
from array import array
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import urlsplit

import numpy as np
import uvloop

from reference_impl.policy.retry import Retry, RetryConfig
from reference_impl.protocol.cursor import Cursor
from simulation.engines.sse_client import Decoder, Piece, Tally, ViewerConnection
from simulation.faults import RECONNECTS, Ceiling

CONNECTING_MAX = 200  # connections being opened at once
RECEIPTS_MAX = 20_000_000  # timed pieces kept (280 MB); later ones are counted but not timed
FINISH_S = 30.0
PROGRESS_S = 0.5


class Receipts:
    """When which comments came: one row per piece received."""

    def __init__(self) -> None:
        self.times_s, self.firsts, self.sizes = array("d"), array("I"), array("H")

    def add(self, piece: Piece, now: float) -> None:
        if len(self.times_s) >= RECEIPTS_MAX:
            return
        for first, size in [(piece.seqs[0], len(piece.seqs))] if piece.consecutive else [(s, 1) for s in piece.seqs]:
            self.times_s.append(now)
            self.firsts.append(first)
            self.sizes.append(size)

    def save(self, path: Path) -> None:
        times_s, firsts, sizes = (np.asarray(column) for column in (self.times_s, self.firsts, self.sizes))
        np.savez(path, times_s=times_s, firsts=firsts, sizes=sizes)


class Crowd:
    """All viewers of this process."""

    def __init__(
        self,
        url: str,
        stream: str,
        start: Cursor,
        viewers: int,
        *,
        timed: bool = True,
        retry: RetryConfig = RECONNECTS,
        rng: random.Random | None = None,
        befallen: int = 0,
    ) -> None:
        addresses = map(urlsplit, url.split(","))
        self._addresses = [(address.hostname or "127.0.0.1", address.port or 80) for address in addresses]
        self._path = f"/v1/streams/{stream}/events"
        self._epoch = start.epoch
        self.timed = timed
        self._retry = retry
        self._rng = rng or random.Random()
        self._decoder = Decoder()
        self._connecting = asyncio.Semaphore(CONNECTING_MAX)
        self.tallies = [Tally(start.seq + 1) for _ in range(viewers)]
        self.receipts, self.of_befallen = Receipts(), Receipts()
        self._befallen = {id(tally) for tally in self.tallies[:befallen]}
        self._connections: dict[int, ViewerConnection] = {}
        self._retries: dict[int, Retry] = {}
        self.open = 0
        self._spread = 0  # where the next viewer begins
        self.reconnects = 0
        self.joined_s: list[float] = []
        self._slots_s: dict[int, float] = {}  # by viewer: when the server wants it back
        self.all_open = asyncio.Event()

    async def follow(self, tally: Tally) -> None:
        """Keep one viewer connected, resuming where it was; give up when the retry budget is spent."""
        self._retries[id(tally)] = Retry(self._retry, self._rng)
        places = itertools.cycle(self._addresses)
        for _ in range(self._spread):
            next(places)
        self._spread = (self._spread + 1) % len(self._addresses)
        while True:
            host, port = next(places)
            reason = await self._connect(tally, self._retries[id(tally)].succeeded, host, port)
            again_at = self._slots_s.pop(id(tally), None) or self._retries[id(tally)].failed(time.monotonic())
            if again_at is None:
                raise ConnectionError(f"a viewer cannot reach {host}:{port}: {reason}")
            self.reconnects += 1
            await asyncio.sleep(max(0.0, again_at - time.monotonic()))

    def cut(self, viewers: int, *, jitter: bool) -> None:
        """End the connections of the first so many at once; they come back as their retries say."""
        for tally in self.tallies[:viewers]:
            if not jitter:
                self._retries[id(tally)] = Retry(self._retry, Ceiling())
            if id(tally) in self._connections:
                self._connections[id(tally)].close()

    def slow_down(self, viewers: int, *, stop: bool) -> None:
        """Have the first so many stop reading, or read again."""
        for tally in self.tallies[:viewers]:
            if connection := self._connections.get(id(tally)):
                connection.read(not stop)

    async def _connect(self, tally: Tally, opened: Callable[[], None], host: str, port: int) -> str:
        lost: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        was_open = asyncio.Event()

        def on_open() -> None:
            was_open.set()
            opened()
            self.joined_s.append(time.monotonic())
            self._count(1)

        def on_lost(reason: str) -> None:
            if not lost.done():  # the viewer may have been called off meanwhile
                lost.set_result(reason)

        make = partial(
            ViewerConnection,
            self._request(tally, host, port),
            self._decoder,
            partial(self._take, tally),
            on_open,
            on_lost,
        )
        async with self._connecting:
            try:
                _, self._connections[id(tally)] = await asyncio.get_running_loop().create_connection(make, host, port)
            except OSError as error:
                return str(error)
            await first_of(lost, was_open)
        reason = await lost
        del self._connections[id(tally)]
        if was_open.is_set():
            self._count(-1)
        return reason

    def _request(self, tally: Tally, host: str, port: int) -> bytes:
        lines = (
            f"GET {self._path} HTTP/1.1", f"Host: {host}:{port}", "Accept: text/event-stream",
            f"Last-Event-ID: {Cursor(self._epoch, self._resumes_at(tally))}", "", "",
        )  # fmt: skip
        return "\r\n".join(lines).encode()

    def _resumes_at(self, tally: Tally) -> int:
        """The last event that a viewer says to have."""
        return tally.next_seq - 1

    def _take(self, tally: Tally, piece: Piece) -> None:
        now = time.monotonic()
        if piece.reconnect_ms is not None:
            self._slots_s[id(tally)] = now + piece.reconnect_ms / 1000
        if self.timed:
            (self.of_befallen if id(tally) in self._befallen else self.receipts).add(piece, now)
        tally.take(piece)

    def _count(self, change: int) -> None:
        self.open += change
        if self.open == len(self.tallies):
            self.all_open.set()


async def all_have(head: int, tallies: Sequence[Tally]) -> None:
    """Wait until everybody has everything up to ``head``, or time is up."""
    with suppress(TimeoutError):
        async with asyncio.timeout(FINISH_S):
            while any(tally.next_seq <= head for tally in tallies):  # noqa: ASYNC110 - an event per piece costs
                await asyncio.sleep(0.05)


def tallied(tallies: Sequence[Tally], head: int) -> dict[str, int]:
    """What all of them got, and what they did not."""
    return {
        "delivered": sum(tally.delivered for tally in tallies),
        "skipped": sum(tally.skipped for tally in tallies),
        "lost": sum(tally.lost(head) for tally in tallies),
        "duplicated": sum(tally.duplicated for tally in tallies),
        "reordered": sum(tally.reordered for tally in tallies),
    }


async def first_of(future: "asyncio.Future[Any]", event: asyncio.Event) -> None:
    """Wait until either has come about."""
    happened: asyncio.Future[Any] = asyncio.ensure_future(event.wait())
    await asyncio.wait([future, happened], return_when=asyncio.FIRST_COMPLETED)
    happened.cancel()


class Watched(Protocol):
    open: int
    tallies: list[Tally]


def say(message: Mapping[str, float]) -> None:
    sys.stdout.write(json.dumps(message) + "\n")
    sys.stdout.flush()


async def report_progress(crowd: Watched) -> None:
    while True:
        await asyncio.sleep(PROGRESS_S)
        say({"delivered": sum(tally.delivered for tally in crowd.tallies), "open": crowd.open})


async def read_commands(befall: Callable[[str, list[str]], None] = lambda name, values: None) -> int:
    """Do what comes until ``finish HEAD``; the end of input means that the parent has gone."""
    reader = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    while line := await reader.readline():
        name, *values = line.decode().split()
        if name == "finish":
            return int(values[0])
        befall(name, values)
    raise SystemExit(1)


def befalling(crowd: Crowd) -> Callable[[str, list[str]], None]:
    """What a crowd does when it is told of a fault."""

    def befall(name: str, values: list[str]) -> None:
        if name == "storm":
            crowd.cut(int(values[0]), jitter=values[1] == "1")
        elif name == "slow_reader":
            crowd.slow_down(int(values[0]), stop=values[1] == "1")

    return befall


async def run(url: str, stream: str, start: Cursor, viewers: int, receipts: Path, befallen: int) -> None:
    crowd = Crowd(url, stream, start, viewers, befallen=befallen)
    following = asyncio.gather(*(crowd.follow(tally) for tally in crowd.tallies))
    await first_of(following, crowd.all_open)
    if following.done():
        await following
    say({"ready": viewers})
    progress = asyncio.create_task(report_progress(crowd))
    began_s, cpu_s = time.monotonic(), time.process_time()
    head = await read_commands(befalling(crowd))
    await all_have(head, crowd.tallies)
    progress.cancel()
    cpu_share = (time.process_time() - cpu_s) / (time.monotonic() - began_s)
    crowd.receipts.save(receipts)
    crowd.of_befallen.save(receipts.with_stem(f"{receipts.stem}-befallen"))
    said = tallied(crowd.tallies, head)
    say(said | {"reconnects": crowd.reconnects, "cpu_share": round(cpu_share, 4)})
    following.cancel()
    with suppress(asyncio.CancelledError):
        await following


def main() -> None:
    url, stream, cursor, viewers, receipts, *befallen = sys.argv[1:]
    try:
        uvloop.run(run(url, stream, Cursor.parse(cursor), int(viewers), Path(receipts), int((befallen or ["0"])[0])))
    except ConnectionError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
