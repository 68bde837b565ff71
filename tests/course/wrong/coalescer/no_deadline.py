# Rejected: "nobody comes back for it"
class Window:
    def __init__(self, window_s):
        self.window_s, self.deadline, self.items = window_s, None, []
        self.quiet_until = 0.0

    def offer(self, item, now):
        self.items.append(item)
        return self.flush(now) if now >= self.quiet_until else []

    def flush(self, now):
        batch, self.items = self.items, []
        return batch

    def sent(self, now):
        self.quiet_until = now + self.window_s
