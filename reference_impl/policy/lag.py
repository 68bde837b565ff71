"""Lag: how much later than asked for an event loop comes back to a timer.

A loop works in turns, and a timer that falls due within one waits for its end. A single look finds whatever is left of
a turn just then, from nothing to all of it. Looks at a steady pace, averaged over a period, find how long turns are: a
loop whose turns take T each is T / 2 late on average. A look that falls due while the loop is busy counts too, with
the time that it has waited, so that a turn counts by its length, however seldom the loop comes back.
"""

from dataclasses import dataclass

from reference_impl.policy.timer import RESOLUTION_S


@dataclass(frozen=True, slots=True, kw_only=True)
class LagConfig:
    every_s: float = 0.1
    looks: int = 10  # in a period

    def __post_init__(self) -> None:
        if self.every_s <= 0 or self.looks < 1:
            raise ValueError(f"need every_s > 0 and looks >= 1, got {self.every_s:g} and {self.looks}")


class LagMeter:
    """``due_s`` is when the loop is to come back and call `woken`."""

    __slots__ = ("_config", "_looks", "_waited_s", "due_s")

    def __init__(self, config: LagConfig, now_s: float) -> None:
        self._config = config
        self._looks = 0
        self._waited_s = 0.0  # by all looks of this period
        self.due_s = now_s + config.every_s

    def woken(self, now_s: float) -> float | None:
        """Look, once for each time that was due by now; the mean lag at the end of a period, else None."""
        while now_s >= self.due_s - RESOLUTION_S:
            self._looks += 1
            self._waited_s += max(0.0, now_s - self.due_s)
            self.due_s += self._config.every_s
        if self._looks < self._config.looks:
            return None
        mean_s = self._waited_s / self._looks
        self._looks, self._waited_s = 0, 0.0
        return mean_s
