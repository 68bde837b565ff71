"""What viewers and authors saw of a fault, written down the same way by real processes and by the model."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from statistics import median

import numpy as np
from numpy.typing import NDArray

SLOW_S = 0.25  # what is faster than this is as before, whatever before was
PEAK_S = 0.1
UNACCEPTED_S = 0.5  # authors who are taken at once are never without an accepted post for so long
WAITED_S = 1.9  # a call that failed after so long has waited to the log's deadline of 2 s

Times = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Try:
    """One request of an author; ``status`` 0: there was no answer."""

    begun_s: float
    ended_s: float
    status: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """One run, in seconds of any clock. ``receipts`` has shape (n, 3): viewer, seq, time."""

    fault_s: float
    end_s: float  # of ordinary life; later ones only complete what was posted before
    meant_s: Mapping[int, float]  # by seq: when its author first sent it
    receipts: Times
    joins_s: Times  # of connections that were made again
    affected: Sequence[int]  # viewers
    tries: Sequence[Try]
    lost: int = 0
    doubled: int = 0
    work_done_s: float = 0.0  # since the fault
    notes: Mapping[str, float] = field(default_factory=dict)

    def values(self) -> dict[str, float]:
        """What the family measures, by the measures' names."""
        silences = self._silences()
        failed = [each for each in self.tries if each.status != 201 and each.ended_s >= self.fault_s]
        return {
            "gap_s": max(silences),
            "gap_median_s": median(silences),
            "recovery_s": self._recovery_s(),
            "peak_joins": float(peak(self.joins_s[self.joins_s >= self.fault_s])),
            "accepted_again_s": self._accepted_again_s(),
            "waited": float(sum(each.ended_s - each.begun_s >= WAITED_S for each in failed)),
            "refused": float(sum(each.status == 503 for each in failed)),
            "work_done_s": self.work_done_s,
            "lost": float(self.lost),
            "doubled": float(self.doubled),
        }

    def _silences(self) -> list[float]:
        """The longest that each affected viewer saw nothing."""
        times = self.receipts[self.receipts[:, 2].argsort(kind="stable")]
        times = times[(times[:, 2] >= self.fault_s) & (times[:, 2] <= self.end_s)]
        return [self._silence_s(times[times[:, 0] == viewer, 2]) for viewer in self.affected]

    def _silence_s(self, times: Iterable[float]) -> float:
        points = [self.fault_s, *times, self.end_s]
        return max(later - earlier for earlier, later in pairwise(points))

    def _recovery_s(self) -> float:
        """Until the last comment came that was slower than twice their p99 before."""
        meant = np.array([self.meant_s.get(int(seq), np.inf) for seq in self.receipts[:, 1]])
        at_s, latency_s = self.receipts[:, 2], self.receipts[:, 2] - meant
        before = latency_s[(at_s < self.fault_s) & np.isfinite(latency_s)]
        usual_s = float(np.quantile(before, 0.99)) if len(before) else 0.0
        late = at_s[(at_s >= self.fault_s) & (latency_s > max(2 * usual_s, SLOW_S))]
        return float(late.max()) - self.fault_s if len(late) else 0.0

    def _accepted_again_s(self) -> float:
        """Until the last stretch was over in which no post was accepted."""
        accepted = sorted(each.ended_s for each in self.tries if each.status == 201)
        without = [
            later
            for earlier, later in pairwise([self.fault_s, *(at_s for at_s in accepted if at_s >= self.fault_s)])
            if later - earlier >= UNACCEPTED_S and later <= self.end_s
        ]
        return max(without) - self.fault_s if without else 0.0


def peak(joins_s: Times) -> int:
    """The most joins within any 100 ms."""
    if not len(joins_s):
        return 0
    times = np.sort(joins_s)
    return int((np.searchsorted(times, times + PEAK_S, side="left") - np.arange(len(times))).max())
