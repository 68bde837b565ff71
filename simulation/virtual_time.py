"""An asyncio event loop under virtual time: when nothing is ready, its clock jumps to the next timer.

Hours of timers run in milliseconds and, unlike on a real clock, at the same times in every run. A callback
runs at exactly the time it asked for, never a clock's resolution early, and callbacks for the same time run in the
order in which they were asked for: SimPy keeps both promises, so one trace can be put through both worlds. Who waits
for what will never come, and would hang for ever on a real clock, is found out.

Sockets and threads are polled but never waited for, since time would not pass for them.
"""

import asyncio
import heapq
import math
import selectors
from collections.abc import Callable, Coroutine
from contextvars import Context
from itertools import count
from typing import Any, TypeVar, TypeVarTuple

T = TypeVar("T")
Ts = TypeVarTuple("Ts")


class Deadlock(RuntimeError):  # noqa: N818 - the field's word
    """Nothing is ready, and no timer will ever make anything ready."""


class _Timer(asyncio.TimerHandle):
    """A timer that orders by time and then by age."""

    __slots__ = ("number",)

    number: int

    def __lt__(self, other: Any) -> bool:
        return (self.when(), self.number) < (other.when(), other.number)


class _PollingSelector(selectors.SelectSelector):
    """Never blocks; tells the loop instead that it has nothing to do."""

    def __init__(self, when_idle: Callable[[], None]) -> None:
        super().__init__()
        self._when_idle = when_idle

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        ready = super().select(0)
        if not ready and (timeout is None or timeout > 0):
            self._when_idle()
        return ready


class VirtualTimeLoop(asyncio.SelectorEventLoop):
    """``time()`` is the virtual clock; it stands still while anything is ready."""

    _scheduled: list[_Timer]  # asyncio's own heap of timers

    def __init__(self, start: float = 0.0) -> None:
        super().__init__(_PollingSelector(self._jump))
        self._numbers = count()
        self._set_time(start)

    def time(self) -> float:
        return self._now

    def call_at(
        self, when: float, callback: Callable[[*Ts], object], *args: *Ts, context: Context | None = None
    ) -> asyncio.TimerHandle:
        """As asyncio's own, but first come, first served among timers for the same time."""
        timer = _Timer(when, callback, args, self, context)
        timer.number = next(self._numbers)
        heapq.heappush(self._scheduled, timer)
        timer._scheduled = True  # type: ignore[attr-defined]  # asyncio counts what is cancelled in its heap
        return timer

    def _jump(self) -> None:
        """Go to the next timer; asyncio has taken cancelled ones off the front of its heap by now."""
        if not self._scheduled or self._scheduled[0].when() == math.inf:
            raise Deadlock(f"at {self._now}: nothing is ready and no timer is set")
        self._set_time(self._scheduled[0].when())

    def _set_time(self, now: float) -> None:
        self._now = now
        # asyncio runs every timer that is due before now plus this: the next float, so none runs early.
        self._clock_resolution = math.ulp(now)


def run(main: Coroutine[Any, Any, T], *, start: float = 0.0) -> T:
    """Run a coroutine to its end under virtual time, as `asyncio.run` does under real time."""
    with asyncio.Runner(loop_factory=lambda: VirtualTimeLoop(start)) as runner:
        return runner.run(main)
