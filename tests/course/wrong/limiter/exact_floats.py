# Rejected: "compare with a small tolerance"
class Limiter:
    def __init__(self, burst, period_s):
        self.burst, self.per_s = burst, burst / period_s
        self.buckets = {}

    def admit(self, user, now, *, exempt=False):
        if exempt:
            return 0.0
        tokens, at = self.buckets.get(user, (self.burst, now))
        tokens = min(self.burst, tokens + (now - at) * self.per_s)
        if tokens < 1:
            self.buckets[user] = tokens, now
            return (1 - tokens) / self.per_s
        self.buckets[user] = tokens - 1, now
        return 0.0
