"""The log's engine: one writer's thread with a lock that another program may hold, and the side that reads."""

from collections.abc import Callable, Generator
from random import Random
from typing import Any

import simpy

from simulation.model.core import Core
from simulation.model.event_loop import EventLoop, Steps

BUSY_TIMEOUT_S = 4.0  # for the lock, as the server has it
BUSY_POLL_S = 0.1  # between two looks at a lock that has been held for a while


class Database:
    """``commit_s`` draws a commit's length."""

    def __init__(self, env: simpy.Environment, commit_s: Callable[[], float], rng: Random) -> None:
        self._env = env
        self._commit_s = commit_s
        self._rng = rng
        self._thread = simpy.Resource(env)
        self._released = env.event()
        self._released.succeed()

    def lock(self) -> None:
        """Another program writes."""
        self._released = self._env.event()

    def unlock(self) -> None:
        self._released.succeed()

    def write(self) -> Generator[simpy.Event, Any, bool]:
        """One transaction; False: the lock was not to be had."""
        with self._thread.request() as turn:
            yield turn
            if not self._released.processed:
                yield self._released | self._env.timeout(BUSY_TIMEOUT_S)
                if not self._released.triggered:
                    return False
                yield self._env.timeout(self._rng.random() * BUSY_POLL_S)
            yield self._env.timeout(self._commit_s())
            return True


class Reader:
    """Reads of history, first come, first served: SQLite has one thread for them, PostgreSQL its connections.

    A thread of the server itself has Python's interpreter when the event loop lets go of it, which is when what was
    ready has run (the loop gives it up every 5 ms, but a read asks for it again after each call of the engine).
    """

    def __init__(
        self, env: simpy.Environment, interpreter: EventLoop | None = None, *, core: Core | None = None,
        connections: int = 1,
    ) -> None:  # fmt: skip
        self._threads = EventLoop(env, connections, core)
        self._interpreter = interpreter
        self.reads = 0

    def read(self, cost_s: float) -> Steps:
        self.reads += 1
        with self._threads.turn() as turn:
            yield turn
            yield from (self._interpreter.run(cost_s) if self._interpreter else self._threads.hold(cost_s))
