"""Retry with exponential backoff and full jitter, and a budget of attempts.

Full jitter draws the whole delay from [0, ceiling), which spreads a crowd that failed together better than adding a
little noise to a fixed delay. Source: Brooker, "Exponential Backoff And Jitter", AWS Architecture Blog, 2015.
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
        # The exponent is bounded because 2.0 ** 1024 overflows, long after the cap has been reached.
        ceiling_s = min(self._config.cap_s, self._config.base_s * 2.0 ** min(self.attempt, 60))
        self.attempt += 1
        return now + self._rng.random() * ceiling_s

    def succeeded(self) -> None:
        self.attempt = 0
