"""A database whose writes are timed: what waits for a thread, what computes, what waits for the disk and the loop."""

import time
from collections.abc import Callable
from typing import TypeVar

from sqlalchemy import Connection

from reference_impl.adapters.sql.database import Database, Work

R = TypeVar("R")
Record = Callable[[float, float, float, float, float], None]
"""Told of a write: when it was asked for, begun, its statements done, answered; the CPU time of its statements, s."""


class MeasuredDatabase:
    """``record`` is told of each write that has succeeded, on the event loop."""

    def __init__(self, real: Database, record: Record) -> None:
        self._real = real
        self._record = record

    async def write(self, work: Work[R]) -> R:
        asked_s = time.monotonic()
        begun_s = worked_s = cpu_s = asked_s

        def timed(connection: Connection) -> R:
            nonlocal begun_s, worked_s, cpu_s
            begun_s, before_s = time.monotonic(), time.thread_time()
            answer = work(connection)
            worked_s, cpu_s = time.monotonic(), time.thread_time() - before_s
            return answer

        answer = await self._real.write(timed)
        self._record(asked_s, begun_s, worked_s, time.monotonic(), cpu_s)
        return answer

    async def read(self, work: Work[R]) -> R:
        return await self._real.read(work)

    async def close(self) -> None:
        await self._real.close()
