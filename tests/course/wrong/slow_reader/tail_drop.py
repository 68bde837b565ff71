# Rejected: "the newest was dropped"
class Queue:
    def __init__(self, bound_bytes):
        self.bound_bytes, self.queued_bytes = bound_bytes, 0
        self.waiting = []  # frames, and the gaps between them

    def offer(self, frame, first, last, size_bytes):
        if self.queued_bytes + size_bytes <= self.bound_bytes:
            self.waiting.append([frame, first, last, size_bytes])
            self.queued_bytes += size_bytes
        elif self.waiting and self.waiting[-1][0] is None:
            self.waiting[-1][2] = last
        else:
            self.waiting.append([None, first, last, 0])

    def take(self):
        gap = None
        if self.waiting and self.waiting[0][0] is None:
            _, first, last, _ = self.waiting.pop(0)
            gap = (first, last)
        if not self.waiting:
            return gap, None
        frame, _, _, size_bytes = self.waiting.pop(0)
        self.queued_bytes -= size_bytes
        return gap, frame
