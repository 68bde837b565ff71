class Poller:
    """Decorrelated jitter."""

    def __init__(self, cursor, rng):
        self.cursor = cursor
        self.due_s = 0.0
        self.rng = rng
        self.last = 1.0

    def asked(self, now):
        self.due_s = None

    def answered(self, next_cursor, poll_after_s, now):
        self.cursor = next_cursor
        self.last = 1.0
        self.due_s = now + self.rng.uniform(poll_after_s / 2, poll_after_s * 3 / 2)

    def failed(self, retry_after_s, now):
        self.last = min(50.0, self.last * 2)
        self.due_s = now + (retry_after_s or 0.0) + self.rng.uniform(self.last / 2, self.last)
