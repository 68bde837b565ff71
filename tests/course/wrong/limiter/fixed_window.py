# Rejected: "twice the limit"
class Limiter:
    def __init__(self, burst, period_s):
        self.burst, self.period_s = burst, period_s
        self.counts = {}

    def admit(self, user, now, *, exempt=False):
        window = int(now // self.period_s)
        begun, count = self.counts.get(user, (window, 0))
        count = count if begun == window else 0
        if exempt:
            return 0.0
        if count >= self.burst:
            return (window + 1) * self.period_s - now
        self.counts[user] = window, count + 1
        return 0.0
