"""Degradation: what a process leaves out, rung by rung, so that comments keep reaching their viewers.

    rung         | what is left out
    -------------|-------------------------------------------------------------
    FULL         | nothing
    NO_HINTS     | who is typing, and sums of reactions
    WIDE_WINDOWS | promptness: frames are fewer, each with more comments
    SMALL_BUDGET | a part of what sampled streams show
    READ_ONLY    | new comments; those that are there are still read and followed

Load is 1 where a signal's limit is. The ladder is climbed one rung at a time while a signal has been at its limit for
``up_after_s``, and goes down by itself, one rung at a time, when all have been below ``down_at`` for ``down_after_s``.
Between the two it stays: relief that a rung gives must not at once take it back. A signal may have a highest rung,
above which climbing would not help it: a log that is away is not brought back by smaller frames.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from math import inf

from reference_impl.policy.circuit_breaker import State


class Rung(IntEnum):
    FULL = 0
    NO_HINTS = 1
    WIDE_WINDOWS = 2
    SMALL_BUDGET = 3
    READ_ONLY = 4


@dataclass(frozen=True, slots=True)
class Signal:
    """How loaded one thing is."""

    load: float
    highest: Rung = Rung.READ_ONLY

    def __post_init__(self) -> None:
        if not self.load >= 0:
            raise ValueError(f"load must be >= 0, got {self.load:g}")


def signal_of(breaker: State) -> Signal:
    """What the state of a log's breaker is: without its log a process can spare hints, and nothing else."""
    return Signal(1.0 if breaker is State.OPEN else 0.0, Rung.NO_HINTS)  # half-open may last, where nobody calls


@dataclass(frozen=True, slots=True, kw_only=True)
class LadderConfig:
    up_at: float = 1.0
    down_at: float = 0.7
    up_after_s: float = 3.0
    down_after_s: float = 5.0

    def __post_init__(self) -> None:
        if not 0 < self.down_at < self.up_at:
            raise ValueError(f"need 0 < down_at < up_at, got {self.down_at:g} and {self.up_at:g}")
        if self.up_after_s < 0 or self.down_after_s < 0:
            seen = f"{self.up_after_s:g} and {self.down_after_s:g}"
            raise ValueError(f"up_after_s and down_after_s must be >= 0, got {seen}")


STAYS_FULL = LadderConfig(up_at=inf)
"""For those who want to see what a ladder spares them."""


@dataclass(frozen=True, slots=True)
class Relief:
    """What a rung means for how comments are shown."""

    window_factor: float = 1.0
    budget_factor: float = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class DegradationConfig:
    ladder: LadderConfig = field(default_factory=LadderConfig)
    lag_max_s: float = 0.5  # of the event loop, where its load is 1
    fill_max: float = 0.5  # of the commit queue
    window_factor: float = 5.0
    budget_factor: float = 0.5

    def __post_init__(self) -> None:
        if not (self.lag_max_s > 0 and 0 < self.fill_max <= 1):
            raise ValueError(f"need lag_max_s > 0 and 0 < fill_max <= 1, got {self.lag_max_s:g} and {self.fill_max:g}")
        if not (self.window_factor >= 1 and 0 < self.budget_factor <= 1):
            seen = f"{self.window_factor:g} and {self.budget_factor:g}"
            raise ValueError(f"need window_factor >= 1 and 0 < budget_factor <= 1, got {seen}")

    def relief(self, rung: Rung) -> Relief:
        return Relief(
            self.window_factor if rung >= Rung.WIDE_WINDOWS else 1.0,
            self.budget_factor if rung >= Rung.SMALL_BUDGET else 1.0,
        )


class Ladder:
    """``rung`` is where it stands."""

    __slots__ = ("_calm_since", "_config", "_over_since", "rung")

    def __init__(self, config: LadderConfig) -> None:
        self._config = config
        self._over_since: float | None = None
        self._calm_since: float | None = None
        self.rung = Rung.FULL

    def sample(self, signals: Sequence[Signal], now_s: float) -> Rung:
        """Take what the signals are now; the answer is the rung from here on."""
        over = any(each.load >= self._config.up_at and self.rung < each.highest for each in signals)
        held = over or any(each.load >= self._config.down_at and self.rung <= each.highest for each in signals)
        self._over_since = _since(self._over_since, now_s, holds=over)
        self._calm_since = _since(self._calm_since, now_s, holds=not held)
        if self._over_since is not None and now_s >= self._over_since + self._config.up_after_s:
            self._step(self.rung + 1, now_s)
        elif self.rung and self._calm_since is not None and now_s >= self._calm_since + self._config.down_after_s:
            self._step(self.rung - 1, now_s)
        return self.rung

    def _step(self, rung: int, now_s: float) -> None:
        """What comes next is measured from here."""
        self.rung = Rung(rung)
        self._over_since = now_s if self._over_since is not None else None
        self._calm_since = now_s if self._calm_since is not None else None


def _since(before: float | None, now_s: float, *, holds: bool) -> float | None:
    if not holds:
        return None
    return now_s if before is None else before
