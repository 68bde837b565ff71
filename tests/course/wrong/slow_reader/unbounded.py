# Rejected: "no bound at all"
class Queue:
    def __init__(self, bound_bytes):
        self.queued_bytes = 0
        self.frames = []

    def offer(self, frame, first, last, size_bytes):
        self.frames.append((frame, size_bytes))
        self.queued_bytes += size_bytes

    def take(self):
        if not self.frames:
            return None, None
        frame, size_bytes = self.frames.pop(0)
        self.queued_bytes -= size_bytes
        return None, frame
