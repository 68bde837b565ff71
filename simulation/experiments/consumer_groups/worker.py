"""One worker of a live run: ``python -m simulation.experiments.consumer_groups.worker CASE NUMBER REDIS FOLDER``.

The server's own worker, queue and fences, with work that takes a stated time. It says when it is ready, and is told on
its input to go, and then by what factor it is slower than usual. What it begins and what a fence refuses it writes to a
file at once, since it may be killed; what is in effect stands in the database.
"""

import asyncio
import json
import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import sqlalchemy as sql
import uvloop
from sqlalchemy import Connection

from reference_impl.adapters.redis.connection import connect as connect_redis
from reference_impl.adapters.redis.work_queue import RedisWorkQueue
from reference_impl.adapters.sql.connecting import connect
from reference_impl.adapters.sql.database import Database
from reference_impl.adapters.sql.fences import new_pieces
from reference_impl.background import background
from reference_impl.working import Fenced, Hold, Piece, Worker, WorkerConfig
from simulation.engines.viewers import say
from simulation.experiments.consumer_groups.plan import Case
from simulation.experiments.consumer_groups.started import EFFECTS, QUEUE, case_in, database_in, notes_in

INSERT = sql.text(f"INSERT INTO {EFFECTS} VALUES (:number, :worker, :at_s)")


class Pace:
    """How fast work goes, which may change while some is under way."""

    def __init__(self) -> None:
        self._slower = 1.0
        self._changed = asyncio.Event()

    def change(self, slower: float) -> None:
        self._slower = slower
        self._changed.set()
        self._changed = asyncio.Event()

    async def work(self, left_s: float) -> None:
        """What takes so long at the usual pace."""
        while True:
            began_s, slower = time.monotonic(), self._slower
            try:
                async with asyncio.timeout(left_s * slower):
                    await self._changed.wait()
            except TimeoutError:
                return
            left_s = max(0.0, left_s - (time.monotonic() - began_s) / slower)


class Handler:
    """Does one batch at a time: takes its stated time, then makes its effect durable behind the fence."""

    def __init__(self, case: Case, number: int, database: Database, notes: int) -> None:
        self._case = case
        self._number = number
        self._database = database
        self._notes = notes
        self._lane = asyncio.Lock()
        self.pace = Pace()

    async def __call__(self, hold: Hold, pieces: Sequence[Piece]) -> None:
        async with self._lane:
            self._note("begun", pieces)
            await self.pace.work(self._case.size.piece_s * len(pieces))
            await self._database.write(lambda connection: self._make(connection, hold, pieces))

    def _make(self, connection: Connection, hold: Hold, pieces: Sequence[Piece]) -> None:
        """In the database's thread, which goes on when the worker has been told to stop."""
        try:
            new = new_pieces(connection, hold, pieces) if self._case.variant.fence else pieces
        except Fenced:
            self._note("refused", pieces)
            raise
        if new:
            at_s = time.monotonic()
            rows = [{"number": piece.data, "worker": self._number, "at_s": at_s} for piece in new]
            connection.execute(INSERT, rows)

    def _note(self, what: str, pieces: Sequence[Piece]) -> None:
        """One call of the system, which outlives this process."""
        os.write(self._notes, f"{json.dumps([what, [piece.data for piece in pieces]])}\n".encode())


async def run(case: Case, number: int, redis_url: str, folder: Path) -> None:
    size, variant = case.size, case.variant
    queue = RedisWorkQueue(connect_redis(redis_url), QUEUE, parts=variant.partitions, lease_s=size.lease.lease_s)
    database = connect(database_in(folder))
    notes = os.open(notes_in(folder, number), os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    handler = Handler(case, number, database, notes)
    worker = Worker(f"{number}", queue, queue, handler, WorkerConfig(lease=size.lease))
    try:
        await queue.backlog()  # so that it is connected when it begins
        say({"ready": number})
        reader = asyncio.StreamReader()
        await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
        await reader.readline()
        await asyncio.sleep(case.begins_s(number))
        async with background(worker.run()):
            while line := await reader.readline():
                handler.pace.change(float(line))
    finally:
        await queue.close()
        await database.close()
        os.close(notes)


def main() -> None:
    case, number, redis_url, folder = sys.argv[1:]
    uvloop.run(run(case_in(case), int(number), redis_url, Path(folder)))


if __name__ == "__main__":
    main()
