"""Retry with exponential backoff and full jitter, a budget of attempts, and a budget that all callers share.

Full jitter draws the whole delay from [0, ceiling), which spreads a crowd that failed together better than adding a
little noise to a fixed delay. Source: Brooker, "Exponential Backoff And Jitter", AWS Architecture Blog, 2015.

Attempts alone would multiply a storm: three for each call of a crowd are three crowds more. So retries are also paid
for from a bucket that calls fill, a fraction of a token each, and time, so that a lone caller may retry too. Whatever
happens, there are at most ``ratio`` retries per call, ``per_s`` a second and a full bucket. Source: Finagle's
RetryBudget; Google, "Site Reliability Engineering", chapter 21, 2016.
"""

from dataclasses import dataclass
from random import Random


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryConfig:
    base_s: float = 0.1  # ceiling of the first delay
    cap_s: float = 30.0  # ceiling of all later ones
    attempts_max: int = 8  # retries after the first try; then give up

    def __post_init__(self) -> None:
        if not 0 < self.base_s <= self.cap_s:
            raise ValueError(f"need 0 < base_s <= cap_s, got base_s={self.base_s}, cap_s={self.cap_s}")
        if self.attempts_max < 0:
            raise ValueError(f"attempts_max must be >= 0, got {self.attempts_max}")

    def ceiling_s(self, attempt: int) -> float:
        """The longest delay after so many earlier failures."""
        # The exponent is bounded because 2.0 ** 1024 overflows, long after the cap has been reached.
        return min(self.cap_s, self.base_s * 2.0 ** min(attempt, 60))


class Retry:
    """Counts the failures of one piece of work and says when to try again."""

    __slots__ = ("_config", "_rng", "attempt")

    def __init__(self, config: RetryConfig, rng: Random) -> None:
        self._config = config
        self._rng = rng
        self.attempt = 0

    def failed(self, now: float) -> float | None:
        """Answer the time of the next try, or None when the budget is spent."""
        if self.attempt >= self._config.attempts_max:
            return None
        ceiling_s = self._config.ceiling_s(self.attempt)
        self.attempt += 1
        return now + self._rng.random() * ceiling_s

    def succeeded(self) -> None:
        self.attempt = 0


def failed_together(config: RetryConfig, attempt: int, count: int, now: float, rng: Random) -> list[float]:
    """When each of ``count`` tries again who failed at once, each for the time after ``attempt`` earlier failures.

    The same as as many `Retry` that share ``rng``; empty when their attempts are spent.
    """
    if attempt >= config.attempts_max:
        return []
    ceiling_s, draw = config.ceiling_s(attempt), rng.random
    return [now + draw() * ceiling_s for _ in range(count)]


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryBudgetConfig:
    ratio: float = 0.1  # retries per call
    per_s: float = 1.0  # and these, however few calls there are
    tokens_max: float = 10.0  # saved up at most; more is lost

    def __post_init__(self) -> None:
        if not (0 <= self.ratio <= 1 and self.per_s >= 0 and self.tokens_max >= 1):
            seen = f"{self.ratio:g}, {self.per_s:g} and {self.tokens_max:g}"
            raise ValueError(f"need 0 <= ratio <= 1, per_s >= 0 and tokens_max >= 1, got {seen}")


class RetryBudget:
    """What all callers of a dependency may retry together."""

    __slots__ = ("_at", "_config", "_tokens", "refused")

    def __init__(self, config: RetryBudgetConfig, now_s: float) -> None:
        self._config = config
        self._tokens = config.tokens_max
        self._at = now_s
        self.refused = 0

    def called(self, now_s: float) -> None:
        """A first try was made."""
        self._refill(now_s)
        self._add(self._config.ratio)

    def admit(self, now_s: float) -> bool:
        """Pay for a retry; False refuses it, and the failure is to be passed on as it is."""
        self._refill(now_s)
        if self._tokens < 1:
            self.refused += 1
            return False
        self._tokens -= 1
        return True

    def _refill(self, now_s: float) -> None:
        if now_s > self._at:
            self._add((now_s - self._at) * self._config.per_s)
            self._at = now_s

    def _add(self, tokens: float) -> None:
        self._tokens = min(self._config.tokens_max, self._tokens + tokens)
