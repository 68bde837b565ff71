"""The viewers of a live failover run, in a process of their own: each keeps to its edge, and comes back to it.

    python -m simulation.experiments.failover.viewers URL[,URL…] STREAM CURSOR VIEWERS JITTER RECEIPTS.npz

VIEWERS are at each address, and JITTER is 1 or 0. It speaks as `simulation.engines.viewers` does.
"""

import asyncio
import random
import sys
import time
from array import array
from contextlib import suppress
from pathlib import Path

import numpy as np
import uvloop

from reference_impl.protocol.cursor import Cursor
from simulation.engines.sse_client import Piece, Tally
from simulation.engines.viewers import Crowd, all_have, first_of, read_commands, say, tallied
from simulation.experiments.failover.plan import RECONNECTS
from simulation.faults import Ceiling


class Watching(Crowd):
    """Writes down which viewer got what when; the first one has the number ``first``."""

    def __init__(self, url: str, stream: str, start: Cursor, viewers: int, first: int, rng: random.Random) -> None:
        super().__init__(url, stream, start, viewers, timed=False, retry=RECONNECTS, rng=rng)
        self._numbers = {id(tally): first + number for number, tally in enumerate(self.tallies)}
        self.seen = array("d")

    def _take(self, tally: Tally, piece: Piece) -> None:
        now, number = time.monotonic(), self._numbers[id(tally)]
        for seq in piece.seqs:
            self.seen.extend((number, seq, now))
        super()._take(tally, piece)


async def run(urls: list[str], stream: str, start: Cursor, viewers: int, rng: random.Random, receipts: Path) -> None:
    crowds = [Watching(url, stream, start, viewers, number * viewers, rng) for number, url in enumerate(urls)]
    starting_s = time.monotonic()
    following = asyncio.gather(*(crowd.follow(tally) for crowd in crowds for tally in crowd.tallies))
    for crowd in crowds:
        await first_of(following, crowd.all_open)
    if following.done():
        await following
    say({"ready": viewers * len(crowds)})
    began_s, cpu_s = time.monotonic(), time.process_time()
    head = await read_commands()
    tallies = [tally for crowd in crowds for tally in crowd.tallies]
    await all_have(head, tallies)
    cpu_share = (time.process_time() - cpu_s) / (time.monotonic() - began_s)
    seen = np.concatenate([np.asarray(crowd.seen).reshape(-1, 3) for crowd in crowds])
    joins_s = np.concatenate([np.asarray(crowd.joined_s) for crowd in crowds])
    np.savez(receipts, seen=seen, joins_s=joins_s, began_s=starting_s)
    reconnects = sum(crowd.reconnects for crowd in crowds)
    say(tallied(tallies, head) | {"reconnects": reconnects, "cpu_share": round(cpu_share, 4)})
    following.cancel()
    with suppress(asyncio.CancelledError):
        await following


def main() -> None:
    urls, stream, cursor, viewers, jitter, receipts = sys.argv[1:]
    rng = random.Random() if jitter == "1" else Ceiling()
    try:
        uvloop.run(run(urls.split(","), stream, Cursor.parse(cursor), int(viewers), rng, Path(receipts)))
    except ConnectionError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
