# Rejected: "a rate in whole tokens (11 // 30 = 0)"
class Limiter:
    def __init__(self, burst, period_s):
        self.burst, self.period_s = burst, period_s
        self.buckets = {}

    def admit(self, user, now, *, exempt=False):
        if exempt:
            return 0.0
        tokens, at = self.buckets.get(user, (self.burst, now))
        tokens = min(self.burst, tokens + (now - at) * (self.burst // self.period_s))
        if tokens >= 1 - 1e-9:
            self.buckets[user] = (tokens - 1, now)
            return 0.0
        self.buckets[user] = (tokens, now)
        return (1 - tokens) * self.period_s / self.burst
