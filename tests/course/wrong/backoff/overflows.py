# Rejected: "Bound the exponent"
class Backoff:
    def __init__(self, base_s, cap_s, stable_s, rng):
        self.base_s, self.cap_s, self.stable_s, self.rng = base_s, cap_s, stable_s, rng
        self.failures, self.since = 0, None

    def connected(self, now):
        self.since = now

    def ceiling_s(self, now):
        if self.since is not None and now - self.since >= self.stable_s:
            self.failures = 0
        self.since = None
        ceiling_s = min(self.cap_s, self.base_s * 2.0 ** min(self.failures, 30))
        self.failures += 1
        return ceiling_s

    def lost(self, now, *, retry_after_s=0.0, slot_s=None):
        delay_s = min(self.cap_s, self.base_s * 2.0**self.failures) * self.rng.random()
        self.failures += 1
        return slot_s if slot_s is not None else retry_after_s + delay_s
