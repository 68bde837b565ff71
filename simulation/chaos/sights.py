"""What a fault looked like to those who watched and wrote."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import median

import numpy as np

from simulation.chaos.record import Record

WINDOW_S = 2.0  # before a fault
SLOW_S = 0.25  # what is faster than this is as before, whatever before was


@dataclass(frozen=True, slots=True, kw_only=True)
class Sight:
    """Silence: the longest that a viewer saw nothing new, over all viewers, the worst and the median.

    ``recovery_s``: from the fault's end (of a kill: the process is back) until comments were as fast as twice their p99
    before; 0: they were all along. ``retried``: posts that had to be sent again.
    """

    fault: str
    lasted_s: float
    silence_s: float
    silence_median_s: float
    latency_before_ms: float
    latency_worst_ms: float
    gaps: int
    retried: int
    recovery_s: float

    def in_words(self) -> str:
        return (
            f"longest silence {self.silence_s:.1f} s (median viewer {self.silence_median_s:.1f} s), "
            f"slowest comment {self.latency_worst_ms / 1000:.1f} s, recovered after {self.recovery_s:.1f} s, "
            f"{self.retried} posts sent again, {self.gaps} gaps"
        )


def sight(fault: str, record: Record, at_s: float, until_s: float, end_s: float) -> Sight:
    """What was seen between a fault's beginning and ``end_s``."""
    meant = {each.place: each.meant_s for each in record.acknowledged}
    silences, latencies, before, late = [], [], [], [until_s]
    gaps = 0
    for viewer in record.viewers:
        times = [seen.at_s for seen in viewer.seen if at_s - WINDOW_S <= seen.at_s <= end_s]
        silences.append(_silence_s([time_s for time_s in times if time_s >= at_s], at_s, end_s))
        gaps += sum(seen.kind == "gap" and at_s <= seen.at_s <= end_s for seen in viewer.seen)
        for seen in viewer.seen:
            if seen.kind != "comment" or seen.place not in meant or seen.at_s > end_s:
                continue
            latency_s = seen.at_s - meant[seen.place]
            if at_s - WINDOW_S <= seen.at_s < at_s:
                before.append(latency_s)
            elif seen.at_s >= at_s:
                latencies.append((seen.at_s, latency_s))
    usual_s = float(np.quantile(before, 0.99)) if before else 0.0
    late += [time_s for time_s, latency_s in latencies if latency_s > max(2 * usual_s, SLOW_S)]
    retried = sum(each.tries - 1 for each in record.acknowledged if at_s - WINDOW_S <= each.meant_s <= end_s)
    return Sight(
        fault=fault,
        lasted_s=until_s - at_s,
        silence_s=max(silences, default=0.0),
        silence_median_s=median(silences) if silences else 0.0,
        latency_before_ms=usual_s * 1000,
        latency_worst_ms=1000 * max((latency_s for _, latency_s in latencies), default=0.0),
        gaps=gaps,
        retried=retried,
        recovery_s=max(late) - until_s,
    )


def _silence_s(times: Sequence[float], at_s: float, end_s: float) -> float:
    points = [at_s, *times, end_s]
    return max(later - earlier for earlier, later in pairwise(points))
