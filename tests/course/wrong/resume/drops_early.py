# Rejected: "What comes early is not wrong"
class Follower:
    def __init__(self, epoch, seq):
        self.deadline, self.next, self.known = None, seq + 1, seq

    def receive(self, epoch, seq, item, now):
        self.known = max(self.known, seq)
        due = [item] if seq == self.next else []
        self.next += len(due)
        self.deadline = now + 0.05 if self.next <= self.known else None
        return due

    def head(self, epoch, seq, now):
        pass

    def missing(self, now):
        self.deadline = now + 0.05
        return range(self.next, self.known + 1)
