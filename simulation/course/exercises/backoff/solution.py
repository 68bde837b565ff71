"""Full jitter: the whole delay is drawn. Failures are counted until a connection has lasted."""

from random import Random


class Backoff:
    def __init__(self, base_s: float, cap_s: float, stable_s: float, rng: Random) -> None:
        self.base_s = base_s
        self.cap_s = cap_s
        self.stable_s = stable_s
        self.rng = rng
        self.failures = 0
        self.connected_at: float | None = None

    def connected(self, now: float) -> None:
        self.connected_at = now

    def lost(self, now: float, *, retry_after_s: float = 0.0, slot_s: float | None = None) -> float:
        if self.connected_at is not None and now >= self.connected_at + self.stable_s:
            self.failures = 0
        self.connected_at = None
        if slot_s is not None:
            return slot_s
        ceiling_s = min(self.cap_s, self.base_s * 2.0 ** min(self.failures, 30))
        self.failures += 1
        return retry_after_s + self.rng.random() * ceiling_s
