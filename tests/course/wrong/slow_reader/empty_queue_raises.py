# Rejected: "leaves nothing more to drop but itself"
from collections import deque


class Queue:
    def __init__(self, bound_bytes):
        self.bound_bytes = bound_bytes
        self.queued_bytes = 0
        self.frames = deque()
        self.gap = None

    def _drop(self):
        _, first, last, size = self.frames.popleft()
        self.queued_bytes -= size
        self.gap = (self.gap[0] if self.gap else first, last)

    def offer(self, frame, first, last, size_bytes):
        while self.queued_bytes + size_bytes > self.bound_bytes:
            self._drop()
        self.frames.append((frame, first, last, size_bytes))
        self.queued_bytes += size_bytes

    def take(self):
        gap, self.gap = self.gap, None
        if not self.frames:
            return gap, None
        frame, _, _, size = self.frames.popleft()
        self.queued_bytes -= size
        return gap, frame
