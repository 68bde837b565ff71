# Rejected: "the bucket runs over"
class Limiter:
    def __init__(self, burst, period_s):
        self.burst, self.per_s = burst, burst / period_s
        self.buckets = {}

    def admit(self, user, now, *, exempt=False):
        tokens, at = self.buckets.get(user, (self.burst, now))
        tokens += (now - at) * self.per_s
        if exempt:
            return 0.0
        if tokens < 1 - 1e-9:
            self.buckets[user] = tokens, now
            return (1 - tokens) / self.per_s
        self.buckets[user] = tokens - 1, now
        return 0.0
