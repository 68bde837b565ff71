"""Synthetic viewers that ask: a process that polls one stream for many, each by its own clock.

    python -m simulation.engines.pollers URL STREAM CURSOR POLLERS RECEIPTS.npz PERIOD_S

Speaks as `simulation.engines.viewers` does. Polls are sent when they are due, whatever became of the one before, as far
as a connection takes one at a time.
"""

import asyncio
import json
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import uvloop

from reference_impl.protocol.cursor import Cursor
from simulation.engines.sse_client import Piece, Tally
from simulation.engines.viewers import Receipts, all_have, read_commands, report_progress, say, tallied


class Poller:
    """One viewer, on a connection that it keeps."""

    def __init__(self, tally: Tally, receipts: Receipts, phase_s: float) -> None:
        self._tally = tally
        self._receipts = receipts
        self._phase_s = phase_s

    async def run(self, host: str, port: int, path: str, cursor: str, period_s: float) -> None:
        """Ask once a period for what came after the cursor, until cancelled."""
        reader, writer = await asyncio.open_connection(host, port)
        due_s = time.monotonic() + self._phase_s
        try:
            while True:
                await asyncio.sleep(max(0.0, due_s - time.monotonic()))
                due_s += period_s
                writer.write(f"GET {path}&cursor={cursor} HTTP/1.1\r\nHost: {host}:{port}\r\n\r\n".encode())
                head = await reader.readuntil(b"\r\n\r\n")
                if not head.startswith(b"HTTP/1.1 200"):
                    raise ConnectionError(f"a poll was answered {head[:60]!r}")
                length = int(head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0])
                cursor = self._take(await reader.readexactly(length))
        finally:
            writer.close()

    def _take(self, body: bytes) -> str:
        now_s, answer = time.monotonic(), json.loads(body)
        comments = [item for item in answer["items"] if item["event"] == "comment"]
        seqs = tuple(Cursor.parse(item["id"]).seq for item in comments)
        if seqs:
            piece = Piece(seqs, (), seqs == tuple(range(seqs[0], seqs[0] + len(seqs))))
            self._receipts.add(piece, now_s)
            self._tally.take(piece)
        return str(answer["next_cursor"])


class Crowd:
    """All pollers of this process; they begin evenly spread over a period."""

    def __init__(self, start: Cursor, pollers: int, period_s: float) -> None:
        self.receipts = Receipts()
        self.tallies = [Tally(start.seq + 1) for _ in range(pollers)]
        self.open = pollers
        self.members = [
            Poller(tally, self.receipts, number / pollers * period_s) for number, tally in enumerate(self.tallies)
        ]


async def run(url: str, stream: str, start: str, pollers: int, receipts: Path, period_s: float) -> None:
    address = urlsplit(url)
    crowd = Crowd(Cursor.parse(start), pollers, period_s)
    path = f"/v1/streams/{stream}/poll?wait_s=0"
    polling = asyncio.gather(
        *(
            each.run(address.hostname or "127.0.0.1", address.port or 80, path, start, period_s)
            for each in crowd.members
        )
    )
    say({"ready": pollers})
    progress = asyncio.create_task(report_progress(crowd))
    began_s, cpu_s = time.monotonic(), time.process_time()
    commands = asyncio.create_task(read_commands())
    waiting: list[asyncio.Future[Any]] = [polling, commands]
    await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
    if polling.done():
        await polling  # it never ends by itself but with an error
    head = await commands
    await all_have(head, crowd.tallies)
    progress.cancel()
    cpu_share = (time.process_time() - cpu_s) / (time.monotonic() - began_s)
    crowd.receipts.save(receipts)
    say(tallied(crowd.tallies, head) | {"reconnects": 0, "cpu_share": round(cpu_share, 4)})
    polling.cancel()
    with suppress(asyncio.CancelledError):
        await polling


def main() -> None:
    url, stream, cursor, pollers, receipts, period_s = sys.argv[1:]
    try:
        uvloop.run(run(url, stream, cursor, int(pollers), Path(receipts), float(period_s)))
    except (ConnectionError, asyncio.IncompleteReadError) as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
