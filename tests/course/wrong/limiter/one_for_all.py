# Rejected: "silence the others"
class Limiter:
    def __init__(self, burst, period_s):
        self.burst, self.per_s = burst, burst / period_s
        self.tokens, self.at = burst, None

    def admit(self, user, now, *, exempt=False):
        if exempt:
            return 0.0
        self.tokens = min(self.burst, self.tokens + (now - (self.at or now)) * self.per_s)
        self.at = now
        if self.tokens < 1 - 1e-9:
            return (1 - self.tokens) / self.per_s
        self.tokens -= 1
        return 0.0
