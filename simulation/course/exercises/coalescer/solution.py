"""A window that is quiet after each fan-out, and stands open otherwise."""

from typing import Any


class Window:
    def __init__(self, window_s: float) -> None:
        self.window_s = window_s
        self.deadline: float | None = None
        self.items: list[Any] = []
        self.quiet_until = float("-inf")

    def offer(self, item: Any, now: float) -> list[Any]:
        self.items.append(item)
        if now >= self.quiet_until:
            return self._take(now)
        self.deadline = self.quiet_until
        return []

    def flush(self, now: float) -> list[Any]:
        if self.deadline is None or now < self.deadline:
            return []
        return self._take(now)

    def sent(self, now: float) -> None:
        self.quiet_until = now + self.window_s

    def _take(self, now: float) -> list[Any]:
        batch, self.items = self.items, []
        self.deadline, self.quiet_until = None, now + self.window_s
        return batch
