"""What calls and effects cost here: ``python -m simulation.experiments.consumer_groups.probe REDIS FOLDER``.

One at a time on a real Redis and a real database, with nothing else going on. No variant is run.
"""

import asyncio
import json
import sys
import time
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

import sqlalchemy as sql
import uvloop
from sqlalchemy import Connection

from reference_impl.adapters.redis.connection import connect as connect_redis
from reference_impl.adapters.redis.work_queue import RedisWorkQueue
from reference_impl.adapters.sql.connecting import connect
from reference_impl.adapters.sql.database import Database
from reference_impl.adapters.sql.fences import new_pieces
from reference_impl.working import Hold, Piece
from simulation.experiments.consumer_groups.started import EFFECTS, database_in

TIMES = 120
ROWS = 100  # of a large batch, which tells what a further piece costs
SLEEP_S = 0.005
PAUSE_S = 0.01  # a worker that looks at an empty part has slept before
INSERT = sql.text(f"INSERT INTO {EFFECTS} VALUES (:number, 0, :at_s)")

Samples = dict[str, list[float]]


class Probe:
    """On one part, which it holds; ``piece`` is the last one that is in effect."""

    def __init__(self, queue: RedisWorkQueue, database: Database, hold: Hold) -> None:
        self._queue = queue
        self._database = database
        self._hold = hold
        self._piece = 0

    async def measure(self) -> Samples:
        """Seconds by name."""
        found = await self._calls()
        found["enter_s"], found["write_s"] = await self._writes(1, TIMES)
        _, large_s = await self._writes(ROWS, TIMES // 4)
        found["row_s"] = [max(0.0, (median(large_s) - median(found["write_s"])) / ROWS)]
        found["late_s"] = [max(0.0, slept_s - SLEEP_S) for slept_s in await _timed(lambda: asyncio.sleep(SLEEP_S))]
        return found

    async def _calls(self) -> Samples:
        """Of the queue; "hold" is one part's share of a heartbeat: its lease, and its backlog."""
        queue, hold, found = self._queue, self._hold, Samples()

        async def beat() -> None:
            await queue.hold(hold.worker, hold.part, hold)
            await queue.backlog()

        async def done() -> None:
            await queue.done(hold, pieces)

        found["hold_s"] = await _timed(beat)
        found |= {name: [] for name in ("add_s", "take_s", "done_s")}
        for _ in range(TIMES):
            found["add_s"].append(await _once(lambda: queue.add([("user", 1)])))
            found["take_s"].append(await _once(lambda: queue.take(hold, ROWS)))
            pieces = await queue.take(hold, ROWS)
            found["done_s"].append(await _once(done))
        return found

    async def _writes(self, rows: int, times: int) -> tuple[list[float], list[float]]:
        """Of so many transactions: until it has the database's lock, and from then until it is durable."""
        entered_s, written_s = [], []
        for _ in range(times):
            pieces = [Piece(f"{self._piece + row}-0", self._piece + row) for row in range(1, rows + 1)]
            self._piece += rows
            effect = partial(_effect, hold=self._hold, pieces=pieces)
            await asyncio.sleep(PAUSE_S)
            began_s = time.perf_counter()
            locked_s = await self._database.write(effect)
            entered_s.append(locked_s - began_s)
            written_s.append(time.perf_counter() - locked_s)
        return entered_s, written_s


def _effect(connection: Connection, hold: Hold, pieces: Sequence[Piece]) -> float:
    """As a worker makes it; the answer is when it began, with the lock."""
    locked_s = time.perf_counter()
    new = new_pieces(connection, hold, pieces)
    connection.execute(INSERT, [{"number": piece.data, "at_s": time.monotonic()} for piece in new])
    return locked_s


async def _timed(what: Callable[[], Awaitable[Any]]) -> list[float]:
    return [await _once(what) for _ in range(TIMES)]


async def _once(what: Callable[[], Awaitable[Any]]) -> float:
    await asyncio.sleep(PAUSE_S)
    began_s = time.perf_counter()
    await what()
    return time.perf_counter() - began_s


async def main(redis_url: str, folder: Path) -> Samples:
    queue = RedisWorkQueue(connect_redis(redis_url), "probe", parts=1, lease_s=60.0)
    database = connect(database_in(folder))
    try:
        hold = await queue.hold("0", 0, None)
        assert hold is not None
        return await Probe(queue, database, hold).measure()
    finally:
        await queue.close()
        await database.close()


if __name__ == "__main__":
    sys.stdout.write(json.dumps(uvloop.run(main(sys.argv[1], Path(sys.argv[2])))))
