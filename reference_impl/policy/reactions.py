"""Sums reactions over a window, so that a like is never a message of its own.

Only the most active are shown; what is not among them is missing from this push, not from the count in the store.
"""

from collections import Counter
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class ReactionConfig:
    window_s: float = 1.0
    top: int = 8  # sums in one push
    kinds_max: int = 10_000  # (target, emoji) pairs summed in a window; further ones are left out of the push

    def __post_init__(self) -> None:
        if self.window_s <= 0 or self.top < 1 or self.kinds_max < 1:
            raise ValueError(f"all must be positive, got {self}")


@dataclass(frozen=True, slots=True)
class ReactionSum:
    """By how much the count of an emoji on a target changed in one window."""

    target: str
    emoji: str
    delta: int


class ReactionWindow:
    """One stream's sums of the window that is open; ``deadline`` is when it ends, None while nothing came."""

    def __init__(self, config: ReactionConfig) -> None:
        self._config = config
        self._sums: Counter[tuple[str, str]] = Counter()
        self.deadline: float | None = None

    def offer(self, target: str, emoji: str, delta: int, now: float) -> None:
        if (target, emoji) not in self._sums and len(self._sums) >= self._config.kinds_max:
            return
        self._sums[target, emoji] += delta
        if self.deadline is None:
            self.deadline = now + self._config.window_s

    def flush(self) -> list[ReactionSum]:
        """End the window and answer its largest changes, the largest first."""
        sums, self._sums, self.deadline = self._sums, Counter(), None
        changed = [ReactionSum(target, emoji, delta) for (target, emoji), delta in sums.items() if delta]
        changed.sort(key=lambda each: (-abs(each.delta), each.target, each.emoji))
        return changed[: self._config.top]
