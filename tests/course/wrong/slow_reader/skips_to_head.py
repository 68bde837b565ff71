# Rejected: "skip to head: an ending too"
class Queue:
    def __init__(self, bound_bytes):
        self.bound_bytes, self.queued_bytes = bound_bytes, 0
        self.frames, self.gap = [], None

    def offer(self, frame, first, last, size_bytes):
        self.frames.append((frame, first, last, size_bytes))
        self.queued_bytes += size_bytes
        if self.queued_bytes > self.bound_bytes:
            kept = [self.frames[-1]] if size_bytes <= self.bound_bytes else []
            dropped = self.frames[: len(self.frames) - len(kept)]
            self.gap = (self.gap[0] if self.gap else dropped[0][1], dropped[-1][2])
            self.frames, self.queued_bytes = kept, size_bytes if kept else 0

    def take(self):
        gap, self.gap = self.gap, None
        if not self.frames:
            return gap, None
        frame, _, _, size_bytes = self.frames.pop(0)
        self.queued_bytes -= size_bytes
        return gap, frame
