"""SQLite as the log's engine: one writer's thread, and a lock that another program may hold."""

from collections.abc import Callable, Generator
from random import Random
from typing import Any

import simpy

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
