"""Measured service times, as samples rather than means, and the draws that the model takes from them.

A cost depends on the state it was measured in: a loop that has been idle is slower, a fan-out of many events is longer.
Samples keep what they were measured with, and a draw picks at random among the few whose state was nearest.
"""

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simulation.model.edge import FanOutCost

NEAREST = 16  # samples among which a draw chooses
GAP_MIN_S = 1e-3  # idle gaps below and above these are alike
GAP_MAX_S = 0.1

Samples = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class PostCost:
    """What one post takes before it is in the log's queue."""

    ingress_s: float  # from when it was meant to go to the handler's start
    api_s: float  # in the handler, on the loop


@dataclass(frozen=True, slots=True)
class Calibration:
    """What one machine's server costs, in seconds.

    ``posts`` has shape (n, 3): idle gap, ingress, handler. ``fan_outs`` has shape (n, 5): idle gap, events (a number),
    duration on the loop, lag to the first receipt, span to the last. The other arrays have shape (n,).
    """

    viewers: int
    posts: Samples
    commits: Samples  # of one comment
    commit_more_s: float  # for each further comment in the commit
    hops: Samples  # from durable to the hub
    slacks: Samples  # by how much a window's timer was late
    answer_s: float  # on the loop, for an author's answer and what else of a request is outside the handler
    fan_outs: Samples
    machine: dict[str, Any]

    def post(self, gap_s: float, rng: Random) -> PostCost:
        row = self.posts[_near(_gap(self.posts[:, 0]) - _gap(gap_s), rng)]
        return PostCost(float(row[1]), float(row[2]))

    def fan_out(self, gap_s: float, events: int, rng: Random) -> FanOutCost:
        distance = np.abs(_gap(self.fan_outs[:, 0]) - _gap(gap_s)) + np.abs(np.log(self.fan_outs[:, 1] / events))
        row = self.fan_outs[_near(distance, rng)]
        return FanOutCost(float(row[2]), float(row[3]), float(row[4]))

    def commit(self, comments: int, rng: Random) -> float:
        return _draw(self.commits, rng) + self.commit_more_s * (comments - 1)

    def hop(self, rng: Random) -> float:
        return _draw(self.hops, rng)

    def timer_slack(self, rng: Random) -> float:
        return _draw(self.slacks, rng)

    def save(self, path: Path) -> None:
        path.write_text(json.dumps(asdict(self), default=lambda array: np.round(array, 7).tolist(), indent=1))

    @classmethod
    def load(cls, path: Path) -> "Calibration":
        fields = json.loads(path.read_text())
        arrays = {name: np.asarray(fields[name]) for name in ("posts", "commits", "hops", "slacks", "fan_outs")}
        return cls(**(fields | arrays))


def _gap(gap_s: Any) -> Any:
    """Idle gaps on a logarithmic scale, flat at both ends."""
    return np.log(np.clip(gap_s, GAP_MIN_S, GAP_MAX_S))


def _near(distance: Samples, rng: Random) -> int:
    count = min(NEAREST, len(distance))
    return int(np.argpartition(np.abs(distance), count - 1)[rng.randrange(count)])


def _draw(samples: Samples, rng: Random) -> float:
    return float(samples[rng.randrange(len(samples))])
