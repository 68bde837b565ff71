# Rejected: "beginning anew shows everything again"
class Poller:
    def __init__(self, cursor, rng):
        self.start = self.cursor = cursor
        self.due_s, self.rng, self.failures = 0.0, rng, 0

    def asked(self, now):
        self.due_s = None

    def answered(self, next_cursor, poll_after_s, now):
        self.cursor, self.failures = next_cursor, 0
        self.due_s = now + self.rng.uniform(0.5, 1.5) * poll_after_s

    def failed(self, retry_after_s, now):
        self.cursor = self.start
        self.failures += 1
        self.due_s = now + (retry_after_s or 0) + self.rng.random() * min(60, 2**self.failures)
