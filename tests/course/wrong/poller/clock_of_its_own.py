# Rejected: "while it is under way"
class Poller:
    def __init__(self, cursor, rng):
        self.cursor, self.due_s, self.rng = cursor, 0.0, rng

    def asked(self, now):
        self.due_s = now + 2.0

    def answered(self, next_cursor, poll_after_s, now):
        self.cursor = next_cursor

    def failed(self, retry_after_s, now):
        pass
