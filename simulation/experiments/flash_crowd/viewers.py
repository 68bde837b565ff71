"""The audience of a live run, in a process of its own: those who are there, and the crowd that comes.

    python -m simulation.experiments.flash_crowd.viewers URL[,URL…] STREAM CURSOR PRESENT ARRIVALS.npy RECEIPTS.npz

It speaks as `simulation.engines.viewers` does, and is ready when those who are there are connected. A line
``begin AT`` has the crowd come, each so long after AT (of the monotonic clock) as ARRIVALS says; ``edges URL[,URL…]``
names the edges there are from now on. Everybody tries them by turns, and heeds a refusal's Retry-After.
"""

import asyncio
import random
import sys
import time
from array import array
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

import numpy as np
import uvloop

from reference_impl.policy.retry import Retry
from reference_impl.protocol.cursor import Cursor
from simulation.engines.sse_client import Decoder, Piece, Tally, ViewerConnection
from simulation.engines.viewers import all_have, first_of, read_commands, say, tallied
from simulation.experiments.flash_crowd.plan import HELLO_S, RECONNECTS, Times


class Balancer:
    """Gives out the edges by turns."""

    def __init__(self, urls: str) -> None:
        self._turn = -1
        self.serve(urls)

    def serve(self, urls: str) -> None:
        """These are there now."""
        addresses = map(urlsplit, urls.split(","))
        self._edges = [(address.hostname or "127.0.0.1", address.port or 80) for address in addresses]

    def next(self) -> tuple[str, int]:
        self._turn += 1
        return self._edges[self._turn % len(self._edges)]


class Audience:
    """``tallies`` are of those who are there; ``seen`` are their comments: viewer, seq and time."""

    def __init__(self, balancer: Balancer, stream: str, start: Cursor, present: int, arrivals_s: Times) -> None:
        self._balancer = balancer
        self._path = f"/v1/streams/{stream}/events"
        self._epoch = start.epoch
        self._rng = random.Random()
        self._decoder = Decoder()
        self._arrivals_s = arrivals_s
        self.tallies = [Tally(start.seq + 1) for _ in range(present)]
        self.seen, self.refused_s = array("d"), array("d")
        self.joined_s = np.full(len(arrivals_s), np.nan)
        self._numbers = {id(tally): number for number, tally in enumerate(self.tallies)}
        self.all_there = asyncio.Event()
        self._there = 0

    async def present(self) -> None:
        """Those who are there from the beginning; they come back like everybody else."""
        await asyncio.gather(*(self._follow(tally, self._arrived) for tally in self.tallies))

    async def crowd(self, began_s: float) -> None:
        await asyncio.gather(*(self._come(number, began_s) for number in range(len(self._arrivals_s))))

    async def _come(self, number: int, began_s: float) -> None:
        await asyncio.sleep(max(0.0, began_s + self._arrivals_s[number] - time.monotonic()))
        await self._follow(None, partial(self._joined, number))

    async def _follow(self, tally: Tally | None, on_open: Callable[[], None]) -> None:
        retry = Retry(RECONNECTS, self._rng)
        while True:
            away_s = await self._try(tally, on_open)
            pause_s = retry.failed(0.0)
            if pause_s is None:
                raise ConnectionError("a viewer has given up")
            await asyncio.sleep(max(pause_s, away_s))

    async def _try(self, tally: Tally | None, on_open: Callable[[], None]) -> float:
        """Follow until the connection is lost; answer for how long its edge wants to be left alone."""
        loop, (host, port) = asyncio.get_running_loop(), self._balancer.next()
        lost: asyncio.Future[str] = loop.create_future()
        answered = asyncio.Event()

        def opened() -> None:
            answered.set()
            on_open()

        def ended(reason: str) -> None:
            if not lost.done():  # who is called off has gone before his connection has
                lost.set_result(reason)

        take = partial(self._take, tally) if tally else _ignore
        connection = ViewerConnection(self._request(tally, host, port), self._decoder, take, opened, ended)
        transport: asyncio.Transport | None = None
        try:
            async with asyncio.timeout(HELLO_S):
                transport, _ = await loop.create_connection(lambda: connection, host, port)
                await first_of(lost, answered)
        except OSError:  # of which a TimeoutError is one
            if transport:
                transport.abort()
            return 0.0
        await lost
        if connection.away_s is not None:
            self.refused_s.append(time.monotonic())
        return connection.away_s or 0.0

    def _request(self, tally: Tally | None, host: str, port: int) -> bytes:
        """From now on, as one who opens a page follows; one who was there goes on where he was."""
        lines = [f"GET {self._path} HTTP/1.1", f"Host: {host}:{port}", "Accept: text/event-stream"]
        if tally:
            lines.append(f"Last-Event-ID: {Cursor(self._epoch, tally.next_seq - 1)}")
        return "\r\n".join([*lines, "", ""]).encode()

    def _take(self, tally: Tally, piece: Piece) -> None:
        now, number = time.monotonic(), self._numbers[id(tally)]
        for seq in piece.seqs:
            self.seen.extend((number, seq, now))
        tally.take(piece)

    def _joined(self, number: int) -> None:
        if np.isnan(self.joined_s[number]):
            self.joined_s[number] = time.monotonic()

    def _arrived(self) -> None:
        self._there += 1
        if self._there == len(self.tallies):
            self.all_there.set()


def _ignore(piece: Piece) -> None:
    """What the crowd is shown is not counted."""


def obeying(
    audience: Audience, balancer: Balancer, tasks: "set[asyncio.Task[None]]"
) -> Callable[[str, list[str]], None]:
    """What is done when the run says so."""

    def obey(name: str, values: list[str]) -> None:
        if name == "begin":
            tasks.add(asyncio.create_task(audience.crowd(float(values[0]))))
        elif name == "edges":
            balancer.serve(values[0])

    return obey


async def busiest_second() -> float:
    """The share of a core that this process used in its busiest second, until cancelled."""
    most, cpu_s = 0.0, time.process_time()
    with suppress(asyncio.CancelledError):
        while True:
            began_s = time.monotonic()
            await asyncio.sleep(1.0)
            before_s, cpu_s = cpu_s, time.process_time()
            most = max(most, (cpu_s - before_s) / (time.monotonic() - began_s))
    return most


async def run(urls: str, stream: str, start: Cursor, present: int, arrivals: Path, receipts: Path) -> None:
    balancer = Balancer(urls)
    audience = Audience(balancer, stream, start, present, np.load(arrivals))
    tasks = {asyncio.create_task(audience.present())}
    await audience.all_there.wait()
    say({"ready": present})
    busy = asyncio.create_task(busiest_second())
    head = await read_commands(obeying(audience, balancer, tasks))
    busy.cancel()
    await all_have(head, audience.tallies)
    seen = np.asarray(audience.seen).reshape(-1, 3)
    np.savez(receipts, seen=seen, joined_s=audience.joined_s, refused_s=np.asarray(audience.refused_s))
    say(tallied(audience.tallies, head) | {"cpu_share": round(await busy, 4)})
    for task in tasks:
        task.cancel()
    for task in tasks:
        with suppress(asyncio.CancelledError):
            await task


def main() -> None:
    urls, stream, cursor, present, arrivals, receipts = sys.argv[1:]
    try:
        uvloop.run(run(urls, stream, Cursor.parse(cursor), int(present), Path(arrivals), Path(receipts)))
    except ConnectionError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
