# Rejected: "two ranges that overlap"
class Queue:
    def __init__(self, bound_bytes):
        self.bound_bytes, self.queued_bytes = bound_bytes, 0
        self.frames, self.gap = [], None

    def offer(self, frame, first, last, size_bytes):
        self.frames.append((frame, first, last, size_bytes))
        self.queued_bytes += size_bytes
        while self.queued_bytes > self.bound_bytes:
            _, first, last, size_bytes = self.frames.pop(0)
            self.queued_bytes -= size_bytes
            self.gap = (self.gap[0] if self.gap else first, last)

    def take(self):
        if not self.frames:
            return self.gap, None
        frame, _, _, size_bytes = self.frames.pop(0)
        self.queued_bytes -= size_bytes
        return self.gap, frame
