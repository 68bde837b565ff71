# Rejected: "that is hammering"
class Poller:
    def __init__(self, cursor, rng):
        self.cursor, self.due_s, self.rng = cursor, 0.0, rng

    def asked(self, now):
        self.due_s = None

    def answered(self, next_cursor, poll_after_s, now):
        new, self.cursor = next_cursor != self.cursor, next_cursor
        self.due_s = now + self.rng.uniform(0.5, 1.5) * poll_after_s if new else now

    def failed(self, retry_after_s, now):
        self.due_s = now
