"""What a probed server stamped while it was asked: its commits, and its fan-outs to a crowd."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from reference_impl.policy.coalescing import CoalescingConfig
from simulation.experiments.degradation.plan import Kind
from simulation.measurements import Measured

Column = NDArray[Any]
USUAL = 0.75  # of all fan-outs: the others were interrupted, which says nothing of sends


@dataclass(frozen=True, slots=True)
class Stretch:
    """What a server did for a while: its processor time, and its answers by kind (of a mixture all as posts)."""

    begin_s: float
    end_s: float
    cpu_s: float
    answers: dict[Kind, int]

    @property
    def each_s(self) -> float:
        """Its time for one answer."""
        return self.cpu_s / sum(self.answers.values())


class Stamped:
    """``send_s`` and ``comment_s``: a fan-out for each viewer, of a frame with one comment and each further one.

    They are of those before ``crowded_s``, from when on there is more under way than caches hold.
    """

    def __init__(self, measured: Measured, viewers: int, crowded_s: float) -> None:
        self._writes = measured.writes
        fan_outs = measured.fan_outs
        crowded = fan_outs["viewers"] >= viewers
        self._viewers = viewers
        self._starts_s, self._ends_s = fan_outs["start_s"][crowded], fan_outs["end_s"][crowded]
        self._further = (fan_outs["last"] - fan_outs["first"])[crowded]
        calm = self._starts_s < crowded_s
        more_s, one_s = _line(self._further[calm], (self._ends_s - self._starts_s)[calm])
        self.send_s, self.comment_s = max(0.0, one_s) / viewers, max(0.0, more_s) / viewers

    @property
    def slack_s(self) -> float:
        """By how much a window's timer is late at the least."""
        late_s = self._starts_s[1:] - self._ends_s[:-1] - CoalescingConfig().window_s
        return float(np.quantile(np.maximum(late_s, 0.0), 0.1))

    def commits(self, stretch: Stretch) -> int:
        return int(self._written(stretch).sum())

    def commit_s(self, stretch: Stretch) -> float:
        """What one computed."""
        within = self._written(stretch)
        return float((self._writes["cpu_s"] + self._writes["rest_s"])[within].mean())

    def sync_s(self, stretch: Stretch) -> float:
        """For how long one then waited."""
        within, writes = self._written(stretch), self._writes
        return max(0.0, float(np.median((writes["answered_s"] - writes["worked_s"] - writes["rest_s"])[within])))

    def fan_outs_s(self, stretch: Stretch) -> float:
        """What all fan-outs of that time took."""
        return float((self._ends_s - self._starts_s)[self._sent(stretch)].sum())

    def frames_s(self, stretch: Stretch) -> float:
        """What they would have taken by their sizes alone."""
        further = self._further[self._sent(stretch)]
        return float(self._viewers * (len(further) * self.send_s + further.sum() * self.comment_s))

    def _written(self, stretch: Stretch) -> NDArray[np.bool_]:
        return _within(self._writes["asked_s"], stretch)

    def _sent(self, stretch: Stretch) -> NDArray[np.bool_]:
        return _within(self._starts_s, stretch)


def _within(times_s: Column, stretch: Stretch) -> NDArray[np.bool_]:
    return (times_s >= stretch.begin_s) & (times_s < stretch.end_s)


def _line(sizes: Column, took_s: Column) -> tuple[float, float]:
    """Slope and beginning of what fan-outs take by their size.

    The quarter that is farthest above a first line is left out; to leave out those that took longest would leave out
    the largest ones.
    """
    slope, begins = np.polyfit(sizes, took_s, 1)
    above = took_s - slope * sizes - begins
    usual = above <= np.quantile(above, USUAL)
    slope, begins = np.polyfit(sizes[usual], took_s[usual], 1)
    return float(slope), float(begins)
