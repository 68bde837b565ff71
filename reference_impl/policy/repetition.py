"""Notices the same text again within a window of time."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class RepetitionConfig:
    window_s: float = 30.0
    texts_max: int = 200_000  # texts held; past it the oldest is forgotten, so it may be repeated

    def __post_init__(self) -> None:
        if self.window_s <= 0 or self.texts_max < 1:
            raise ValueError(f"window_s and texts_max must be positive, got {self.window_s} and {self.texts_max}")


class Repetition:
    """Remembers hashes of (key, text); the key is an author on a stream, or a stream.

    Python salts its hash anew in every process, so nobody can make a text that collides; and none leaves the process.
    """

    def __init__(self, config: RepetitionConfig) -> None:
        self.config = config
        self._until: dict[int, float] = {}  # in order of time

    def repeats(self, key: str, text: str, now: float) -> bool:
        """Whether this text was recorded for this key within the window."""
        until = self._until.get(hash((key, text)))
        return until is not None and now < until

    def record(self, key: str, text: str, now: float) -> None:
        seen = hash((key, text))
        self._until.pop(seen, None)
        self._until[seen] = now + self.config.window_s
        oldest = next(iter(self._until))
        if len(self._until) > self.config.texts_max or now >= self._until[oldest]:
            del self._until[oldest]
