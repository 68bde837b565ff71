"""A bucket is one number: when it will be full again. Each comment puts that off by the time of a token."""

TOLERANCE_S = 1e-6  # a hair: sums of large clock readings are off by less


class Limiter:
    def __init__(self, burst: int, period_s: float) -> None:
        self.interval_s = period_s / burst
        self.period_s = period_s
        self.full_at: dict[str, float] = {}

    def admit(self, user: str, now: float, *, exempt: bool = False) -> float:
        if exempt:
            return 0.0
        full_at = max(now, self.full_at.get(user, now)) + self.interval_s  # with this comment
        wait_s = full_at - now - self.period_s
        if wait_s > TOLERANCE_S:
            return wait_s
        self.full_at[user] = full_at
        return 0.0
