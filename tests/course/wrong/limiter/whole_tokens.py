# Rejected: "parts of a token are thrown away"
class Limiter:
    def __init__(self, burst, period_s):
        self.burst, self.interval_s = burst, period_s / burst
        self.buckets = {}

    def admit(self, user, now, *, exempt=False):
        if exempt:
            return 0.0
        tokens, at = self.buckets.get(user, (self.burst, now))
        back = int((now - at) / self.interval_s + 1e-6)
        if back:
            tokens, at = min(self.burst, tokens + back), now
        if tokens < 1:
            return at + self.interval_s - now
        self.buckets[user] = tokens - 1, at
        return 0.0
