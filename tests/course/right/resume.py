class Follower:
    def __init__(self, epoch, seq):
        self.at = (epoch, seq)
        self.early = {}
        self.top = seq
        self.deadline = None

    def _fresh(self, epoch):
        if epoch > self.at[0]:
            self.at, self.early, self.top, self.deadline = (epoch, 0), {}, 0, None
        return epoch == self.at[0]

    def _settle(self, now):
        if self.at[1] >= self.top:
            self.deadline = None
        elif self.deadline is None:
            self.deadline = now + 0.05

    def receive(self, epoch, seq, item, now):
        if not self._fresh(epoch) or seq <= self.at[1]:
            return []
        self.early.setdefault(seq, item)
        self.top = max(self.top, seq)
        out = []
        n = self.at[1] + 1
        while n in self.early:
            out.append(self.early.pop(n))
            n += 1
        if out:
            self.at = (epoch, n - 1)
            self.deadline = None
        self._settle(now)
        return out

    def head(self, epoch, seq, now):
        if self._fresh(epoch):
            self.top = max(self.top, seq)
            self._settle(now)

    def missing(self, now):
        if self.deadline is None or now < self.deadline:
            return range(0)
        self.deadline = now + 0.05
        last = self.top
        while last in self.early:
            last -= 1
        return range(self.at[1] + 1, last + 1)
