# Rejected: "has not put anything in order yet"
class Follower:
    def __init__(self, epoch, seq):
        self.deadline, self.seen = None, set()

    def receive(self, epoch, seq, item, now):
        if (epoch, seq) in self.seen:
            return []
        self.seen.add((epoch, seq))
        return [item]

    def head(self, epoch, seq, now):
        pass

    def missing(self, now):
        return range(0)
