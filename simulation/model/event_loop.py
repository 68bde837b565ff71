"""The single-threaded event loop of a server process: one callback at a time, in the order they became ready."""

from __future__ import annotations

from collections import deque
from collections.abc import Generator
from typing import TYPE_CHECKING, Any

import simpy

if TYPE_CHECKING:
    from simulation.model.core import Core, Work

Steps = Generator[simpy.Event, Any, None]


class Turn(simpy.Event):
    """A place in line, given up when its block ends: by a callback that is over, or by one that waits no longer."""

    def __init__(self, loop: EventLoop) -> None:
        super().__init__(loop.env)
        self._loop = loop

    def __enter__(self) -> Turn:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is not GeneratorExit:  # which is the interpreter clearing away what was left when a run ended
            self._loop.leave(self)


class EventLoop:
    """A first-in-first-out station; ``loops`` > 1 is as many processes behind one queue.

    With a ``core`` callbacks take longer than they cost whenever others run there too. ``stop`` and ``resume`` are
    SIGSTOP and SIGCONT, ``kill`` is SIGKILL; a callback that was given its turn at that very instant has begun.
    ``busy_s`` counts all of a callback's cost as it begins.
    """

    def __init__(self, env: simpy.Environment, loops: int = 1, core: Core | None = None) -> None:
        if loops < 1:
            raise ValueError(f"loops must be >= 1, got {loops}")
        self.env = env
        self._loops = self._free = loops
        self._core = core
        self._ready: deque[Turn] = deque()
        self._works: list[Work] = []  # what its callbacks do on the core, at most `loops`
        self._goes = True
        self._resumed = env.event()
        self._stopped_at = 0.0
        self._stopped_s = 0.0  # in all, until it was last resumed
        self.alive = True
        self.busy_s = 0.0
        self.active_at = float("-inf")  # when the last callback ended

    @property
    def shares_core(self) -> bool:
        """Others slow its callbacks down."""
        return self._core is not None

    @property
    def inside(self) -> int:
        """How many callbacks are ready or running."""
        return len(self._ready) + self._loops - self._free

    def turn(self) -> Turn:
        """Wait in line: ``with loop.turn() as turn: yield turn`` holds the loop until the block ends."""
        turn = Turn(self)
        if self._free and self._goes:
            self._free -= 1
            turn.succeed()
        else:
            self._ready.append(turn)
        return turn

    def leave(self, turn: Turn) -> None:
        """Give up a turn, or a place in line for one."""
        if turn.triggered:
            self._free += 1
            if self._ready and self._goes:
                self._next()
        else:
            self._ready.remove(turn)

    def hold(self, cost_s: float) -> Steps:
        """Spend time on the loop; only for whoever has the turn."""
        self.busy_s += cost_s
        if self._core is None:
            stopped_s = self._stopped_s
            yield self.env.timeout(cost_s)
            if not self._goes or self._stopped_s != stopped_s:
                yield from self._make_up(stopped_s)
        else:
            yield from self._share(self._core, cost_s)
        self.active_at = self.env.now

    def run(self, cost_s: float) -> Steps:
        """One whole callback."""
        with self.turn() as turn:
            yield turn
            yield from self.hold(cost_s)

    def stop(self) -> None:
        """No callback begins or progresses until `resume`; what becomes ready waits."""
        if not self._goes:
            return
        self._goes = False
        self._stopped_at = self.env.now
        for work in self._works:
            assert self._core is not None
            self._core.suspend(work)

    def resume(self) -> None:
        """Go on where `stop` left off; a dead process does not."""
        if self._goes or not self.alive:
            return
        self._goes = True
        self._stopped_s += self.env.now - self._stopped_at
        self._resumed.succeed()
        self._resumed = self.env.event()
        for work in self._works:
            if self._core is not None and not work.triggered:
                self._core.resume(work)
        while self._free and self._ready:
            self._next()

    def kill(self) -> None:
        """End the process: nothing that waits or runs on it ever continues, nothing new begins."""
        self.stop()
        self.alive = False

    def _next(self) -> None:
        self._free -= 1
        self._ready.popleft().succeed()

    def _make_up(self, seen_s: float) -> Steps:
        """Spend what stops took since ``seen_s``, the time stopped until then; there may be more meanwhile."""
        while not self._goes or self._stopped_s != seen_s:
            lost_s = self._stopped_s - seen_s
            if not self._goes:
                lost_s += self.env.now - self._stopped_at
                yield self._resumed
            seen_s = self._stopped_s
            yield self.env.timeout(lost_s)

    def _share(self, core: Core, cost_s: float) -> Steps:
        if not self._goes:
            yield self._resumed
        work = core.start(cost_s)
        self._works.append(work)
        yield work
        self._works.remove(work)
        if not self._goes:  # stopped or killed in the instant of its end
            yield self._resumed
