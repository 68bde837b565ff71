class Limiter:
    """GCRA."""

    def __init__(self, burst, period_s):
        self.step = period_s / burst
        self.depth = period_s - self.step
        self.tat = {}

    def admit(self, user, now, *, exempt=False):
        if exempt:
            return 0.0
        tat = max(self.tat.get(user, now), now)
        wait = tat - self.depth - now
        if wait > 1e-6:
            return wait
        self.tat[user] = tat + self.step
        return 0.0
