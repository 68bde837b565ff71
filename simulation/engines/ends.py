"""Processes that end although nobody has ended them: whoever works with them hears of it at once."""

import asyncio
from collections.abc import Coroutine
from contextlib import suppress
from typing import Any

from simulation.engines.processes import ProcessError

HEARD_S = 2.0  # what works with a process may fail by its end before that is heard of


class Ends:
    """Of the processes of a run; ``why`` says which has ended, and how."""

    def __init__(self) -> None:
        self.why = ""
        self._heard = asyncio.Event()
        self._expected: set[int] = set()

    def expect(self, pid: int) -> None:
        """This one is about to be killed on purpose."""
        self._expected.add(pid)

    def hear(self, which: str, pid: int, status: int) -> None:
        """``which`` names it in words; ``status`` is its exit status, or less than 0, the signal that has ended it."""
        if pid not in self._expected:
            how = f"signal {-status}" if status < 0 else f"status {status}"
            self.why = self.why or f"{which} has ended ({how})"
            self._heard.set()

    async def meanwhile(self, work: Coroutine[Any, Any, None]) -> None:
        """Do what needs all of them; ProcessError as soon as one has ended, and the work is ended by then."""
        doing, ended = asyncio.create_task(work), asyncio.create_task(self._heard.wait())
        try:
            with suppress(asyncio.CancelledError):  # it is for the work to say whether that is its ordinary end
                await asyncio.wait((doing, ended), return_when=asyncio.FIRST_COMPLETED)
            doing.cancel()
            await asyncio.wait((doing,))
            failed = None if doing.cancelled() else doing.exception()
            if failed is not None:
                await asyncio.wait((ended,), timeout=HEARD_S)
            if ended.done():
                raise ProcessError(self.why) from failed
            await doing
        finally:
            ended.cancel()
