"""What one run of either engine gave: who came in when, how late comments were, and how many edges there were."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simulation.experiments.flash_crowd.plan import Times
from simulation.model.mixture import quantile

BINS = 40  # of a run's series, for its picture
BUSIEST_S = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """In seconds from when the crowd came. ``came_s`` and ``joined_s`` have shape (crowd,), NaN for who is not in.

    ``comments``, of shape (n, 3), are deliveries to those who were there: when meant, how late, of how many viewers.
    ``edges_s`` are the times from which each edge is paid, and ``ready_s`` those from which it takes viewers.
    """

    came_s: Times
    joined_s: Times
    comments: Times
    refused: int
    edges_s: Times
    ready_s: Times
    present: int
    seconds: float
    lost: int = 0  # comments, of those who were there

    def values(self) -> dict[str, float]:
        """The measures by name. Who has not come in by the end has waited until then, at least."""
        waits_s = np.where(self._inside, self.joined_s, self.seconds) - self.came_s
        return {
            "wait_p50_s": float(np.percentile(waits_s, 50)),
            "wait_p99_s": float(np.percentile(waits_s, 99)),
            "joins_per_s": busiest(self.joined_s[self._inside]),
            "refused": float(self.refused),
            "without_edge": float(np.sum(~self._inside)),
            "present_p99_ms": 1000 * self._p99_s(self.comments),
            "edges": float(np.sum(self.ready_s <= self.seconds)),
            "edge_s": float(np.sum(np.maximum(0.0, self.seconds - self.edges_s))),
            "lost": float(self.lost),
        }

    def series(self) -> dict[str, Any]:
        """What the picture is drawn from, a figure for each of `BINS` stretches."""
        ends_s = np.linspace(0.0, self.seconds, BINS + 1)
        joined = np.histogram(self.joined_s[self._inside], ends_s)[0]
        at = np.clip(np.digitize(self.comments[:, 0], ends_s) - 1, 0, BINS - 1)
        return {
            "bin_s": self.seconds / BINS,
            "wanting": (self.present + np.searchsorted(self.came_s, ends_s[1:])).tolist(),
            "viewers": (self.present + np.cumsum(joined)).tolist(),
            "joins_per_s": np.round(joined * BINS / self.seconds, 1).tolist(),
            "present_p99_ms": [round(1000 * self._p99_s(self.comments[at == number]), 1) for number in range(BINS)],
            "edges": [int(np.sum(self.ready_s <= end_s)) for end_s in ends_s[1:]],
        }

    @property
    def _inside(self) -> NDArray[np.bool_]:
        inside: NDArray[np.bool_] = self.joined_s <= self.seconds  # which no NaN is
        return inside

    @staticmethod
    def _p99_s(comments: Times) -> float:
        if not len(comments):
            return 0.0
        return quantile(comments[:, 1], np.zeros(len(comments)), comments[:, 2], 0.99)


def busiest(times_s: Times) -> float:
    """The most joins within any second."""
    if not len(times_s):
        return 0.0
    times_s = np.sort(times_s)
    ends = np.searchsorted(times_s, times_s + BUSIEST_S, side="left")
    return float((ends - np.arange(len(times_s))).max()) / BUSIEST_S
