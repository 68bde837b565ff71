"""asyncio in virtual time: the clock jumps to the next timer, and who waits for what will never come is found out."""

import asyncio
import selectors
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


class Stuck(Exception):  # noqa: N818  # it is a finding about what was run
    """Nothing is ready, and no timer will ever make anything ready."""


class _Jumping(selectors.SelectSelector):
    """Instead of waiting it lets so much time be over."""

    now_s = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        ready = super().select(0)
        if not ready and timeout is None:
            raise Stuck
        self.now_s += 0.0 if ready else timeout or 0.0
        return ready


class _Loop(asyncio.SelectorEventLoop):
    def __init__(self) -> None:
        self._jumping = _Jumping()
        super().__init__(self._jumping)

    def time(self) -> float:
        return self._jumping.now_s


def run(main: Coroutine[Any, Any, T]) -> T:
    """What it answers, at once, however long it sleeps; Stuck where on a real clock it would hang for ever."""
    with asyncio.Runner(loop_factory=_Loop) as runner:
        return runner.run(main)
