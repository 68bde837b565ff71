# Rejected: "makes everybody wait on a quiet stream"
class Window:
    def __init__(self, window_s):
        self.window_s, self.deadline, self.items = window_s, None, []

    def offer(self, item, now):
        self.items.append(item)
        if self.deadline is None:
            self.deadline = now + self.window_s
        return []

    def flush(self, now):
        batch, self.items, self.deadline = self.items, [], None
        return batch

    def sent(self, now):
        pass
