# Rejected: "asks forever"
class Window:
    def __init__(self, window_s):
        self.window_s, self.deadline, self.items = window_s, None, []
        self.ended = float("-inf")

    def offer(self, item, now):
        self.items.append(item)
        if now - self.ended >= self.window_s:
            return self._take()
        self.deadline = self.ended + self.window_s
        return []

    def flush(self, now):
        if now - self.ended >= self.window_s:
            return self._take()
        return []

    def _take(self):
        batch, self.items, self.deadline = self.items, [], None
        return batch

    def sent(self, now):
        self.ended = now
