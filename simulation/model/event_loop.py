"""The single-threaded event loop of a server process: one callback at a time, in the order they became ready."""

from collections.abc import Generator
from typing import Any

import simpy

Steps = Generator[simpy.Event, Any, None]


class EventLoop:
    """A first-in-first-out station; ``loops`` > 1 is as many processes behind one queue."""

    def __init__(self, env: simpy.Environment, loops: int = 1) -> None:
        self._env = env
        self._loops = simpy.Resource(env, capacity=loops)
        self.busy_s = 0.0
        self.active_at = float("-inf")  # when the last callback ended

    def turn(self) -> Any:
        """Wait in line: ``with loop.turn() as turn: yield turn`` holds the loop until the block ends."""
        return self._loops.request()

    def hold(self, cost_s: float) -> Steps:
        """Spend time on the loop; only for whoever has the turn."""
        self.busy_s += cost_s
        yield self._env.timeout(cost_s)
        self.active_at = self._env.now

    def run(self, cost_s: float) -> Steps:
        """One whole callback."""
        with self.turn() as turn:
            yield turn
            yield from self.hold(cost_s)
