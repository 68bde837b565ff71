# Rejected: "everybody else on its loop waits with it"
import time


class Queue:
    def __init__(self, bound_bytes):
        self.bound_bytes, self.queued_bytes = bound_bytes, 0
        self.frames = []

    def offer(self, frame, first, last, size_bytes):
        while self.queued_bytes + size_bytes > self.bound_bytes:
            time.sleep(0.01)  # until the viewer has read something
        self.frames.append((frame, size_bytes))
        self.queued_bytes += size_bytes

    def take(self):
        if not self.frames:
            return None, None
        frame, size_bytes = self.frames.pop(0)
        self.queued_bytes -= size_bytes
        return None, frame
