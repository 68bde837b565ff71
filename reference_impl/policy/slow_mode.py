"""Slow mode: one comment per user and interval on a stream."""

from dataclasses import dataclass

from reference_impl.policy.rate import Admission


@dataclass(frozen=True, slots=True, kw_only=True)
class SlowModeConfig:
    keys_max: int = 100_000  # turns held; past it the oldest is forgotten, so that user may post early

    def __post_init__(self) -> None:
        if self.keys_max < 1:
            raise ValueError(f"keys_max must be >= 1, got {self.keys_max}")


class SlowMode:
    """Remembers when each key (stream and user) has its next turn."""

    def __init__(self, config: SlowModeConfig) -> None:
        self._config = config
        self._last_at: dict[str, float] = {}  # in order of the last turn

    def admit(self, key: str, interval_s: float, now: float) -> Admission:
        """Take the turn if it has come; a refusal costs nothing.

        The interval may change between two calls; 0 is off and keeps nothing.
        """
        if interval_s <= 0:
            return Admission(True, 0, now)
        turn_at = self._last_at.get(key, float("-inf")) + interval_s
        if now < turn_at:
            return Admission(False, 0, turn_at)
        self._last_at.pop(key, None)
        self._last_at[key] = now
        if len(self._last_at) > self._config.keys_max:
            del self._last_at[next(iter(self._last_at))]
        return Admission(True, 0, now)

    def forget(self, key: str) -> None:
        """Give the turn back: the comment came to nothing."""
        self._last_at.pop(key, None)
