# Rejected: "Ask from the first hole to the last"
class Follower:
    PATIENCE_S = 0.05

    def __init__(self, epoch, seq):
        self.deadline, self.epoch, self.next, self.known, self.held = None, epoch, seq + 1, seq, {}

    def anew(self, epoch):
        if epoch > self.epoch:
            self.deadline, self.epoch, self.next, self.known, self.held = None, epoch, 1, 0, {}

    def arm(self, now, progressed):
        if self.next > self.known:
            self.deadline = None
        elif self.deadline is None or progressed:
            self.deadline = now + self.PATIENCE_S

    def receive(self, epoch, seq, item, now):
        self.anew(epoch)
        if epoch < self.epoch or seq < self.next:
            return []
        self.held[seq], self.known, due = item, max(self.known, seq), []
        while self.next in self.held:
            due.append(self.held.pop(self.next))
            self.next += 1
        self.arm(now, bool(due))
        return due

    def head(self, epoch, seq, now):
        self.anew(epoch)
        self.known = max(self.known, seq)
        self.arm(now, False)

    def missing(self, now):
        self.deadline = now + 0.05
        return range(self.next, min(self.held, default=self.known + 1))
