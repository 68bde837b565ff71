# Rejected: "unless each viewer makes a pause of its own of it"
class Poller:
    def __init__(self, cursor, rng):
        self.cursor, self.due_s, self.rng, self.failures = cursor, 0.0, rng, 0

    def asked(self, now):
        self.due_s = None

    def answered(self, next_cursor, poll_after_s, now):
        self.cursor, self.failures = next_cursor, 0
        self.due_s = now + poll_after_s

    def failed(self, retry_after_s, now):
        self.failures += 1
        self.due_s = now + (retry_after_s or 0) + self.rng.random() * min(60, 2**self.failures)
