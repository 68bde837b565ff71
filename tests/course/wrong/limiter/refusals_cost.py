# Rejected: "never let in again"
class Limiter:
    def __init__(self, burst, period_s):
        self.burst, self.period_s = burst, period_s
        self.per_s = burst / period_s
        self.buckets = {}

    def admit(self, user, now, *, exempt=False):
        if exempt:
            return 0.0
        tokens, at = self.buckets.get(user, (self.burst, now))
        tokens = min(self.burst, tokens + (now - at) * self.per_s)
        if tokens < 1 - 1e-9:
            self.buckets[user] = max(0.0, tokens - 0.5), now  # to teach them
            return (1 - tokens) / self.per_s if tokens > 0.5 else (1 - max(0.0, tokens - 0.5)) / self.per_s
        self.buckets[user] = tokens - 1, now
        return 0.0
