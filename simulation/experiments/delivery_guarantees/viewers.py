"""The viewers of a live run, in a process of their own, whose connections are cut as the case says.

    python -m simulation.experiments.delivery_guarantees.viewers URL STREAM CURSOR CASE RECEIPTS.npz

It speaks as `simulation.engines.viewers` does, and takes one command more: ``begin S`` is when the run begins, by the
machine's monotonic clock.
"""

import asyncio
import json
import sys
import time
from array import array
from contextlib import suppress
from pathlib import Path

import numpy as np
import uvloop

from reference_impl.protocol.cursor import Cursor
from simulation.engines.sse_client import Decoder, Piece, Tally
from simulation.engines.viewers import Crowd, all_have, first_of, read_commands, say, tallied
from simulation.experiments.delivery_guarantees.cursor import SavedCursor
from simulation.experiments.delivery_guarantees.plan import RECONNECTS, Case


class Counting(Decoder):
    """Counts the bytes of all that is read but headers."""

    def __init__(self) -> None:
        super().__init__()
        self.received_bytes = 0

    def decode(self, data: bytes) -> tuple[Piece, bytes]:
        piece, rest = super().decode(data)
        self.received_bytes += len(data) - len(rest)
        return piece, rest


class Watching(Crowd):
    """Writes down which viewer got what when, and has each begin again where it has saved its cursor last."""

    def __init__(self, url: str, stream: str, start: Cursor, case: Case) -> None:
        # One stream of randomness for all: they are cut one after another, so the draws are in the order of the cuts.
        rng = case.stream("reconnects")
        super().__init__(url, stream, start, case.size.viewers, timed=False, retry=RECONNECTS, rng=rng)
        self._decoder = self.counting = Counting()
        self._case = case
        self._first = start.seq
        self._numbers = {id(tally): number for number, tally in enumerate(self.tallies)}
        self.cursors = self._saved_from(0.0)
        self.seen = array("d")

    async def befall(self, began_s: float) -> None:
        """Cut connections, each at its time."""
        self.cursors = self._saved_from(began_s)
        for at_s, viewer in self._case.cuts_s():
            await asyncio.sleep(max(0.0, began_s + at_s - time.monotonic()))
            if connection := self._connections.get(id(self.tallies[viewer])):
                connection.close()

    def _saved_from(self, began_s: float) -> list[SavedCursor]:
        return [
            SavedCursor(self._first, self._case.variant.saves_s, began_s + self._case.first_save_s(viewer))
            for viewer in range(self._case.size.viewers)
        ]

    def _resumes_at(self, tally: Tally) -> int:
        return self.cursors[self._numbers[id(tally)]].resume(time.monotonic())

    def _take(self, tally: Tally, piece: Piece) -> None:
        now, number = time.monotonic(), self._numbers[id(tally)]
        for seq in piece.seqs:
            self.seen.extend((number, seq, now))
            self.cursors[number].moved(seq, now)
        super()._take(tally, piece)


async def run(url: str, stream: str, start: Cursor, case: Case, receipts: Path) -> None:
    crowd, befalling = Watching(url, stream, start, case), set[asyncio.Task[None]]()
    following = asyncio.gather(*(crowd.follow(tally) for tally in crowd.tallies))
    await first_of(following, crowd.all_open)
    if following.done():
        await following

    def begin(name: str, values: list[str]) -> None:
        befalling.add(asyncio.create_task(crowd.befall(float(values[0]))))

    before_bytes = crowd.counting.received_bytes
    say({"ready": case.size.viewers})
    began_s, cpu_s = time.monotonic(), time.process_time()
    head = await read_commands(begin)
    await all_have(head, crowd.tallies)
    cpu_share = (time.process_time() - cpu_s) / (time.monotonic() - began_s)
    received_bytes = crowd.counting.received_bytes - before_bytes
    np.savez(receipts, seen=np.asarray(crowd.seen).reshape(-1, 3), received_bytes=received_bytes)
    said = tallied(crowd.tallies, head) | {"reconnects": crowd.reconnects}
    say(said | {"cpu_share": round(cpu_share, 4)})
    following.cancel()
    with suppress(asyncio.CancelledError):
        await following


def main() -> None:
    url, stream, cursor, case, receipts = sys.argv[1:]
    try:
        uvloop.run(run(url, stream, Cursor.parse(cursor), Case.read(json.loads(case)), Path(receipts)))
    except ConnectionError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
