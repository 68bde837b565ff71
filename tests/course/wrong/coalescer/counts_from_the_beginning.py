# Rejected: "counted from the *end* of a fan-out"
class Window:
    def __init__(self, window_s):
        self.window_s, self.deadline, self.items = window_s, None, []
        self.quiet_until = 0.0

    def offer(self, item, now):
        self.items.append(item)
        if now >= self.quiet_until:
            return self.flush(now)
        self.deadline = self.quiet_until
        return []

    def flush(self, now):
        batch, self.items, self.deadline = self.items, [], None
        self.quiet_until = now + self.window_s
        return batch

    def sent(self, now):
        pass
