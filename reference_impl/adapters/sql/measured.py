"""A database whose writes are timed: what waits for a thread, what computes, what waits for the disk and the loop."""

import threading
import time
from collections.abc import Callable
from typing import TypeVar

from sqlalchemy import Connection

from reference_impl.adapters.sql.database import Database, Work

R = TypeVar("R")
Record = Callable[[float, float, float, float, float, float], None]
"""Told of a write, in s: when it was asked for, begun, its statements done, answered; the CPU time of its statements;
and what its thread has used since those of the write before: for that one's commit, and for its own beginning."""


class MeasuredDatabase:
    """``record`` is told of each write that has succeeded, on the event loop."""

    def __init__(self, real: Database, record: Record) -> None:
        self._real = real
        self._record = record
        self._loop_thread = threading.get_ident()
        self._used_s: dict[int, float] = {}  # by thread, at the end of its last statements

    async def write(self, work: Work[R]) -> R:
        asked_s = time.monotonic()
        begun_s = worked_s = asked_s
        cpu_s = rest_s = 0.0

        def timed(connection: Connection) -> R:
            nonlocal begun_s, worked_s, cpu_s, rest_s
            begun_s, before_s = time.monotonic(), time.thread_time()
            rest_s = self._unseen_s(before_s)
            answer = work(connection)
            worked_s, cpu_s = time.monotonic(), time.thread_time() - before_s
            self._used_s[threading.get_ident()] = before_s + cpu_s
            return answer

        answer = await self._real.write(timed)
        self._record(asked_s, begun_s, worked_s, time.monotonic(), cpu_s, rest_s)
        return answer

    def _unseen_s(self, used_s: float) -> float:
        """What a thread of the database's own has used since its last statements; the loop's does other things."""
        thread = threading.get_ident()
        return 0.0 if thread == self._loop_thread else used_s - self._used_s.get(thread, used_s)

    async def read(self, work: Work[R]) -> R:
        return await self._real.read(work)

    async def close(self) -> None:
        await self._real.close()
