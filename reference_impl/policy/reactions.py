"""Which reactions are told to viewers: sums over a window, so that a like is never a message of its own.

Only the largest changes are told; what is not among them is missing from this push, not from the count in the store.
"""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class ReactionConfig:
    window_s: float = 1.0
    top: int = 8  # sums in one push

    def __post_init__(self) -> None:
        if self.window_s <= 0 or self.top < 1:
            raise ValueError(f"window_s and top must be positive, got {self.window_s} and {self.top}")


@dataclass(frozen=True, slots=True)
class ReactionSum:
    """By how much the count of an emoji on a target changed in one window."""

    target: str
    emoji: str
    delta: int


def largest_changes(changes: Mapping[tuple[str, str], int], config: ReactionConfig) -> list[ReactionSum]:
    """Answer what a window's changes by (target, emoji) are told as, the largest first."""
    told = [ReactionSum(target, emoji, delta) for (target, emoji), delta in changes.items() if delta]
    told.sort(key=lambda each: (-abs(each.delta), each.target, each.emoji))
    return told[: config.top]
