# Rejected: "a bound that counts frames is none"
class Queue:
    def __init__(self, bound_bytes):
        self.most = bound_bytes // 300  # about what a frame takes
        self.queued_bytes = 0
        self.frames, self.gap = [], None

    def offer(self, frame, first, last, size_bytes):
        self.frames.append((frame, first, last, size_bytes))
        self.queued_bytes += size_bytes
        while len(self.frames) > self.most:
            _, first, last, size_bytes = self.frames.pop(0)
            self.queued_bytes -= size_bytes
            self.gap = (self.gap[0] if self.gap else first, last)

    def take(self):
        gap, self.gap = self.gap, None
        if not self.frames:
            return gap, None
        frame, _, _, size_bytes = self.frames.pop(0)
        self.queued_bytes -= size_bytes
        return gap, frame
