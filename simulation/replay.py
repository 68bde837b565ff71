"""A run's own service times as costs: whether the model's structure is right, whatever the machine did.

A forecast draws from a frozen calibration and knows nothing of the run; a replay takes what each step took in that very
run, nearest in time, and leaves to the model only who waits for whom. The two are never mixed.
"""

from dataclasses import dataclass
from random import Random

import numpy as np

from simulation.calibration import Calibration, Samples
from simulation.model.costs import CommitCost, FanOutCost, PostCost

OTHER_SIZE_S = 0.5  # a batch of e times as many events counts as so much farther away in time


@dataclass(frozen=True)
class Replay:
    """Arrays are in order of time; ``at_s`` counts from the run's beginning.

    ``fan_outs`` has the rows at, events, duration, lag, span; ``commits`` at, comments, work. What a post and a timer
    take is drawn from the run's own samples, or from ``else_`` where it has too few (none of fan-outs or commits).
    """

    fan_outs: Samples
    commits: Samples
    else_: Calibration

    def near(self, viewers: int) -> "Replay":
        """It knows one audience only."""
        return self

    @property
    def receive_s(self) -> float:
        return self.else_.receive_s

    @property
    def start_s(self) -> float:
        return self.else_.start_s

    @property
    def join_s(self) -> float:
        return self.else_.join_s

    @property
    def catch_up_s(self) -> float:
        return self.else_.catch_up_s

    @property
    def stalls_per_s(self) -> float:
        return 0.0  # they are in the times themselves

    def post(self, at_s: float, gap_s: float, rng: Random) -> PostCost:
        return self.else_.post(at_s, gap_s, rng)

    def answer(self, gap_s: float) -> float:
        return self.else_.answer(gap_s)

    def commit(self, at_s: float, gap_s: float, comments: int, rng: Random) -> CommitCost:
        if not len(self.commits):
            return self.else_.commit(at_s, gap_s, comments, rng)
        row = self.commits[_nearest(self.commits[:, 0], self.commits[:, 1], at_s, comments)]
        around = self.else_.commit(at_s, gap_s, comments, rng)
        return CommitCost(around.dispatch_s, around.handover_s, float(row[2]), around.sync_s)

    def hop(self, rng: Random) -> float:
        return self.else_.hop(rng)

    def timer_slack(self, rng: Random) -> float:
        return self.else_.timer_slack(rng)

    def fan_out(self, at_s: float, viewers: int, gap_s: float, events: int, rng: Random) -> FanOutCost:
        if not len(self.fan_outs):
            return self.else_.fan_out(at_s, viewers, gap_s, events, rng)
        row = self.fan_outs[_nearest(self.fan_outs[:, 0], self.fan_outs[:, 1], at_s, events)]
        return FanOutCost(float(row[2]), float(row[3]), float(row[4]))

    def poll(self, rng: Random) -> float:
        return self.else_.poll(rng)

    def edge_hop(self, rng: Random) -> float:
        return self.else_.edge_hop(rng)

    def stall(self, rng: Random) -> float:
        raise ValueError("a replay has no stalls of its own")


def _nearest(times_s: Samples, sizes: Samples, at_s: float, size: int) -> int:
    """The row nearest in time among those of about that size; only the few around it are looked at."""
    middle = int(np.searchsorted(times_s, at_s))
    low, high = max(0, middle - 12), min(len(times_s), middle + 12)
    distance = np.abs(times_s[low:high] - at_s) + OTHER_SIZE_S * np.abs(np.log(sizes[low:high] / size))
    return low + int(np.argmin(distance))
