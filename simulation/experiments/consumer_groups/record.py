"""What one run of either engine gave, written down alike by real processes and by the model."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from simulation.experiments.consumer_groups.plan import LATE_S, Case, Fault

LOOK_S = 0.05  # between two looks at the queue
ENDS_S = 10.0  # after the last piece, for what waits

Array = NDArray[np.float64]


class Effect(NamedTuple):
    """A piece of work in effect; ``at_s`` since work began to come."""

    number: int
    worker: int
    at_s: float


class Look(NamedTuple):
    """The queue at one moment: what is not done, and the number of each partition's worker, -1: nobody's."""

    at_s: float
    backlog: int
    workers: Sequence[int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """``added_s`` is when each piece came; ``begun`` counts how often each was worked on."""

    case: Case
    added_s: Sequence[float]
    effects: Sequence[Effect]
    begun: Mapping[int, int]
    refused: int  # pieces whose effect a fence has refused
    looks: Sequence[Look]
    befell_s: float | None = None  # when what befell did

    def values(self) -> dict[str, float]:
        """The measures by name."""
        lag_s, times = self._lag_s(), Counter(each.number for each in self.effects)
        p50_s, p99_s = np.percentile(lag_s[np.isfinite(lag_s)], [50, 99]) if len(times) else (0.0, 0.0)
        return {
            "backlog_most": float(max(each.backlog for each in self.looks)),
            "lag_p50_ms": 1000 * float(p50_s),
            "lag_p99_ms": 1000 * float(p99_s),
            "unowned_pct": 100 * self._unowned(),
            "fairness": self._fairness(),
            "recovery_s": self._recovery_s(),
            "again": float(sum(count - 1 for count in self.begun.values())),
            "refused": float(self.refused),
            "doubled": float(sum(times.values()) - len(times)),
            "lost": float(len(self.added_s) - len(times)),
        }

    def backlog(self) -> list[tuple[float, int]]:
        """Over time, for a picture, for which every second look will do."""
        return [(round(each.at_s, 2), each.backlog) for each in self.looks[::2]]

    def _lag_s(self) -> Array:
        """From when a piece came until it was first in effect; infinite for one that never was."""
        lag_s = np.full(len(self.added_s), np.inf)
        for each in self.effects:
            lag_s[each.number] = min(lag_s[each.number], each.at_s - self.added_s[each.number])
        return lag_s

    def _unowned(self) -> float:
        """The share of partitions' time in which no worker that runs had them, since what befell did."""
        looks = [each for each in self.looks if each.at_s >= (self.befell_s or 0.0)]
        without = [sum(self._is_nobody(worker, each.at_s) for worker in each.workers) for each in looks]
        return float(np.mean(without)) / self.case.variant.partitions if looks else 0.0

    def _is_nobody(self, worker: int, at_s: float) -> bool:
        """A lease may outlive its holder."""
        variant, since_s = self.case.variant, at_s - (self.befell_s or 0.0)
        gone = worker == variant.victim and (
            variant.fault is Fault.DEAD or (variant.fault is Fault.STOPPED and since_s < self.case.fault_lasts_s)
        )
        return worker < 0 or gone

    def _fairness(self) -> float:
        """Of what workers have done: 1 if all have done as much, 1/n if one of n has done it all.

        Source: Jain, Chiu and Hawe, "A Quantitative Measure of Fairness", 1984.
        """
        done = Counter(each.worker for each in self.effects)
        counts = np.array([done[worker] for worker in range(self.case.variant.processes)], dtype=np.float64)
        return float(counts.sum() ** 2 / (len(counts) * (counts**2).sum())) if counts.any() else 0.0

    def _recovery_s(self) -> float:
        """From what befell until the last piece took effect that was late; 0 where nothing befell."""
        if self.befell_s is None:
            return 0.0
        lag_s = self._lag_s()
        ends_s = np.array(self.added_s) + lag_s
        late = ends_s[(lag_s > LATE_S) & (ends_s >= self.befell_s) & np.isfinite(ends_s)]
        return float(late.max()) - self.befell_s if len(late) else 0.0
