"""Rate limits: a token bucket per key, in its deadline form.

A bucket of ``burst`` tokens refilled at ``burst / period_s`` is described by one number, the time at which it will be
full again. That form (the virtual scheduling algorithm of ITU-T I.371, also called GCRA) needs no refill step, and the
time it names in a refusal is exactly the time from which the same request is admitted.
"""

from dataclasses import dataclass

ROUNDING = 1e-4  # of a token: so far the sums of large clock readings may be off, and a full bucket must give its last


@dataclass(frozen=True, slots=True, kw_only=True)
class RateConfig:
    burst: int = 11  # requests admitted at once from a full bucket
    period_s: float = 30.0  # time in which an empty bucket fills
    keys_max: int = 100_000  # buckets held; past it the longest unused is forgotten, so starts full again

    def __post_init__(self) -> None:
        if self.burst < 1 or self.keys_max < 1:
            raise ValueError(f"burst and keys_max must be >= 1, got {self.burst} and {self.keys_max}")
        if self.period_s <= 0:
            raise ValueError(f"period_s must be > 0, got {self.period_s}")

    @property
    def interval_s(self) -> float:
        """Seconds in which one token comes back."""
        return self.period_s / self.burst


@dataclass(frozen=True, slots=True)
class Admission:
    """The answer to one request; ``retry_at`` is the first time (same clock) at which a refused one is admitted."""

    admitted: bool
    remaining: int
    retry_at: float


class TokenBucket:
    """One key's bucket."""

    __slots__ = ("_config", "full_at")

    def __init__(self, config: RateConfig) -> None:
        self._config = config
        self.full_at = float("-inf")

    def admit(self, now: float) -> Admission:
        """Take a token if there is one; a refusal costs nothing."""
        retry_at = self.retry_at(now)
        if now < retry_at:
            return Admission(False, 0, retry_at)
        interval_s = self._config.interval_s
        self.full_at = max(self.full_at, now) + interval_s
        return Admission(True, int((self._config.period_s - (self.full_at - now)) / interval_s + ROUNDING), now)

    def retry_at(self, now: float) -> float:
        """From when on a request is admitted; that may be long ago."""
        interval_s = self._config.interval_s
        return max(self.full_at, now) + interval_s - self._config.period_s - ROUNDING * interval_s


class RateLimiter:
    """A bucket per key (user, address), bounded in number."""

    def __init__(self, config: RateConfig) -> None:
        self.config = config
        self._buckets: dict[str, TokenBucket] = {}  # in order of last use

    def __len__(self) -> int:
        return len(self._buckets)

    def admit(self, key: str, now: float) -> Admission:
        bucket = self._buckets.pop(key, None) or TokenBucket(self.config)
        self._buckets[key] = bucket
        if len(self._buckets) > self.config.keys_max:
            del self._buckets[next(iter(self._buckets))]
        return bucket.admit(now)

    def refused_until(self, key: str, now: float) -> float | None:
        """When a request of this key is admitted again, None if it is now; asking takes no token."""
        bucket = self._buckets.get(key)
        retry_at = bucket.retry_at(now) if bucket else now
        return retry_at if now < retry_at else None

    def refund(self, key: str) -> None:
        """Give back a token that was taken for nothing: the request turned out to be a repeat."""
        if bucket := self._buckets.get(key):
            bucket.full_at -= self.config.interval_s
