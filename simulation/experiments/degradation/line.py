"""Requests that wait for a connection, first come first served, until whoever made them has gone away."""

from collections import deque
from collections.abc import Iterator

from simulation.experiments.degradation.plan import PATIENCE_S, Request


class Line:
    def __init__(self) -> None:
        self._waiting: deque[Request] = deque()

    def __len__(self) -> int:
        return len(self._waiting)

    def add(self, request: Request) -> None:
        self._waiting.append(request)

    def gone(self, now_s: float) -> Iterator[Request]:
        """Take those out who have waited too long."""
        while self._waiting and now_s > self._waiting[0].due_s + PATIENCE_S:
            yield self._waiting.popleft()

    def take(self) -> Request:
        """Who is next."""
        return self._waiting.popleft()
