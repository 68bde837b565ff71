"""A deque of frames and one range: what has been dropped always lies just before the oldest that waits."""

from collections import deque
from typing import Any


class Queue:
    def __init__(self, bound_bytes: int) -> None:
        self.bound_bytes = bound_bytes
        self.queued_bytes = 0
        self.frames: deque[tuple[Any, int, int, int]] = deque()
        self.gap: tuple[int, int] | None = None

    def offer(self, frame: Any, first: int, last: int, size_bytes: int) -> None:
        self.frames.append((frame, first, last, size_bytes))
        self.queued_bytes += size_bytes
        while self.queued_bytes > self.bound_bytes:
            _, dropped_first, dropped_last, dropped_bytes = self.frames.popleft()
            self.queued_bytes -= dropped_bytes
            self.gap = (self.gap[0] if self.gap else dropped_first, dropped_last)

    def take(self) -> tuple[tuple[int, int] | None, Any | None]:
        gap, self.gap = self.gap, None
        if not self.frames:
            return gap, None
        frame, _, _, size_bytes = self.frames.popleft()
        self.queued_bytes -= size_bytes
        return gap, frame
