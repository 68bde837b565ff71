# Rejected: "must leave the window"
class Window:
    def __init__(self, window_s):
        self.window_s, self.deadline, self.items = window_s, None, []
        self.quiet_until = 0.0

    def offer(self, item, now):
        self.items.append(item)
        if now >= self.quiet_until:
            return list(self.items)
        self.deadline = self.quiet_until
        return []

    def flush(self, now):
        self.deadline = None
        return list(self.items)

    def sent(self, now):
        self.quiet_until = now + self.window_s
