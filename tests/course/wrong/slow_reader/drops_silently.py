# Rejected: "not backpressure but loss"
class Queue:
    def __init__(self, bound_bytes):
        self.bound_bytes, self.queued_bytes = bound_bytes, 0
        self.frames = []

    def offer(self, frame, first, last, size_bytes):
        if self.queued_bytes + size_bytes <= self.bound_bytes:
            self.frames.append((frame, size_bytes))
            self.queued_bytes += size_bytes

    def take(self):
        if not self.frames:
            return None, None
        frame, size_bytes = self.frames.pop(0)
        self.queued_bytes -= size_bytes
        return None, frame
