"""The viewers of a live run, in a process of their own.

    python -m simulation.experiments.push_vs_pull.viewers TRANSPORT URL STREAM CURSOR VIEWERS PERIOD_S RECEIPTS.npz

It speaks as `simulation.engines.viewers` does. A line ``mark`` makes it note how much has been asked and answered so
far, and what was on the wire; its last line says how much that was from the first mark to the last.
"""

import asyncio
import random
import sys
import time
from collections.abc import Coroutine
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import uvloop

from reference_impl.protocol.cursor import Cursor
from simulation.engines.sse_client import Piece, Tally
from simulation.engines.viewers import CONNECTING_MAX, Receipts, all_have, read_commands, report_progress, say, tallied
from simulation.experiments.push_vs_pull.asking import Counts, Place, Poller, SegmentReader, Viewer
from simulation.experiments.push_vs_pull.http import request
from simulation.experiments.push_vs_pull.plan import Transport
from simulation.experiments.push_vs_pull.pushed import UPGRADE, Pushed, SsePushed, WebSocketPushed
from simulation.experiments.push_vs_pull.wire import wire_bytes

SEGMENTS_S = 1.0  # over which those who read segments begin
LONG_POLLS_S = 0.2  # the same of long polls, which are held from then on


class Crowd:
    """All viewers of this process."""

    def __init__(self, transport: Transport, place: Place, viewers: int, period_s: float) -> None:
        self.tallies = [Tally(place.start.seq + 1) for _ in range(viewers)]
        self.receipts = Receipts()
        self.counts = Counts()
        self.marks: list[dict[str, float]] = []
        self.open = 0
        self._transport = transport
        self._place = place
        self._period_s = period_s
        self._connecting = asyncio.Semaphore(CONNECTING_MAX)
        self._asking: list[Viewer] = []
        self._pushed: list[asyncio.BaseTransport] = []

    async def connect(self) -> list[Coroutine[Any, Any, None]]:
        """Connect all; the answer is what those who ask do from then on."""
        if self._transport.pushed:
            await asyncio.gather(*map(self._follow, self.tallies))
            return []
        kind = SegmentReader if self._transport is Transport.SEGMENTS else Poller
        asking = [kind(self._place, self.counts, partial(self._take, tally), random.Random()) for tally in self.tallies]
        await asyncio.gather(*map(self._open, asking))
        self._asking += asking
        over_s = self._period_s or (SEGMENTS_S if kind is SegmentReader else LONG_POLLS_S)
        return [each.run(number / len(asking) * over_s, self._period_s) for number, each in enumerate(asking)]

    def mark(self) -> None:
        """Note how things stand."""
        counts = self.counts
        self.marks.append({
            "requests": counts.requests, "answers": counts.answers, "empty": counts.empty,
            "wire_bytes": wire_bytes(self._pushed) + sum(each.wire_bytes for each in self._asking),
        })  # fmt: skip

    @property
    def between_marks(self) -> dict[str, float]:
        """What there was from the first mark to the last."""
        first, last = (self.marks[0], self.marks[-1]) if self.marks else ({}, {})
        return {name: last[name] - first[name] for name in last}

    @property
    def reconnects(self) -> int:
        return sum(each.connections - 1 for each in self._asking)

    async def _open(self, viewer: Viewer) -> None:
        async with self._connecting:
            await viewer.open()
        self._is_there()

    async def _follow(self, tally: Tally) -> None:
        place, kind = self._place, SsePushed if self._transport is Transport.SSE else WebSocketPushed
        fields = ("Accept: text/event-stream",) if kind is SsePushed else UPGRADE
        what = "events" if kind is SsePushed else "websocket"
        asked = request(f"{place.path(what)}?cursor={place.start}", f"{place.host}:{place.port}", *fields)

        def made() -> Pushed:
            return kind(asked, partial(self._take, tally))

        async with self._connecting:
            _, viewer = await asyncio.get_running_loop().create_connection(made, place.host, place.port)
            await viewer.opened
        self._pushed.append(viewer.transport)
        self._is_there()

    def _is_there(self) -> None:
        self.open += 1

    def _take(self, tally: Tally, piece: Piece) -> None:
        self.receipts.add(piece, time.monotonic())
        tally.take(piece)


async def run(crowd: Crowd, receipts: Path) -> None:
    asking = [asyncio.ensure_future(each) for each in await crowd.connect()]
    say({"ready": len(crowd.tallies)})
    progress = asyncio.create_task(report_progress(crowd))
    began_s, cpu_s = time.monotonic(), time.process_time()
    commands = asyncio.create_task(read_commands(lambda name, values: crowd.mark()))
    waiting: list[asyncio.Future[Any]] = [commands, *asking]
    await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
    for each in asking:
        if each.done():
            await each  # it never ends by itself but with an error
    head = await commands
    await all_have(head, crowd.tallies)
    progress.cancel()
    cpu_share = (time.process_time() - cpu_s) / (time.monotonic() - began_s)
    crowd.receipts.save(receipts)
    counts = {"reconnects": crowd.reconnects, "refused": crowd.counts.refused, "cpu_share": round(cpu_share, 4)}
    say(tallied(crowd.tallies, head) | crowd.between_marks | counts)
    for each in asking:
        each.cancel()
    await asyncio.gather(*asking, return_exceptions=True)


def main() -> None:
    transport, url, stream, cursor, viewers, period_s, receipts = sys.argv[1:]
    address = urlsplit(url)
    place = Place(address.hostname or "127.0.0.1", address.port or 80, stream, Cursor.parse(cursor))

    async def begin() -> None:
        await run(Crowd(Transport(transport), place, int(viewers), float(period_s)), Path(receipts))

    try:
        uvloop.run(begin())
    except ConnectionError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
