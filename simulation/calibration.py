"""Measured service times, as samples rather than means, and the draws that the model takes from them.

A cost depends on the state it was measured in: a loop that has been idle is slower, a fan-out to more viewers or of
more events is longer. Samples keep what they were measured with, and a draw picks at random among the few whose state
was nearest. Between two probed audiences a cost is interpolated at equal rank.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simulation.model.costs import CommitCost, FanOutCost, PostCost
from simulation.neighbours import others_share

REFERENCE = Path(__file__).parent / "results" / "calibration.json"  # shipped, so that one can simulate at once
NEAREST = 16  # samples among which a draw chooses, or more that are equally near
GAP_MIN_S = 1e-3  # idle gaps below and above these are alike
GAP_MAX_S = 0.1

Samples = NDArray[np.float64]
COLUMNS = {
    "posts": 3, "commits": 3, "handovers": 4, "hops": 0, "slacks": 0, "fan_outs": 6, "stalls": 0, "polls": 0,
    "edge_hops": 0, "answers": 2,
}  # fmt: skip
"""Of each array of samples; 0 of one that has a number for a sample."""
NEEDED = ("posts", "commits", "handovers", "hops", "fan_outs", "answers", "polls")  # whatever is simulated


class CalibrationError(ValueError):
    """There is nothing to draw from where the model has to draw; the message says of what."""


@dataclass(frozen=True)
class Calibration:
    """What one machine's server costs, in seconds.

    Rows are ``posts``: idle gap, ingress, from the request's being read to its waiting for the log; ``commits``: idle
    gap, comments (a number), work of the log's thread; ``handovers``, of commits that nobody stood in the way of: idle
    gap, on the loop before it asks for its thread, from then to the thread's running, from the end of its work to the
    loop's knowing; ``fan_outs``: viewers, idle gap, events, duration on the loop, lag to the first receipt, span to the
    last; ``answers``: idle gap, what else a post takes of the core. The other arrays have shape (n,); ``stalls`` may be
    empty.
    """

    posts: Samples
    commits: Samples
    handovers: Samples
    hops: Samples  # from durable to the hub
    slacks: Samples  # by how much a window's timer was late
    receive_s: float  # on the loop, for each event that comes to the hub
    answers: Samples  # on the loop: the author's answer, and what no stamp tells of
    fan_outs: Samples
    stalls: Samples  # when nothing on the core progressed
    stalls_per_s: float
    polls: Samples  # on the loop, for one answer to a viewer that asks
    edge_hops: Samples  # from durable to the hub of an edge behind a broker; empty where there was none to probe
    machine: dict[str, Any]
    start_s: float = 1.2  # of a server's process, until it takes connections
    join_s: float = 0.7e-3  # on the loop, for a viewer that comes
    catch_up_s: float = 0.3e-3  # on the loop, for a slice of what it has missed
    parts: tuple["Calibration", ...] = ()  # of each audience, where several were probed

    @property
    def audiences(self) -> tuple[int, ...]:
        """The numbers of viewers that were probed, fewest first."""
        return tuple(self._by_audience)

    def near(self, viewers: int) -> "Calibration":
        """What was probed with about so many: writing to many leaves the processor's caches cold for all else.

        A fan-out's own cost is interpolated, and needs all.
        """
        if not self.parts:
            return self
        nearest = min(self.parts, key=lambda part: abs(np.log(part.audiences[0] / max(1, viewers))))
        return replace(nearest, fan_outs=self.fan_outs)

    def post(self, at_s: float, gap_s: float, rng: Random) -> PostCost:
        row = self.posts[_near(np.abs(self._post_gaps - _gap(gap_s)), rng)]
        return PostCost(float(row[1]), float(row[2]))

    def fan_out(self, at_s: float, viewers: int, gap_s: float, events: int, rng: Random) -> FanOutCost:
        rank = rng.random()
        below, above, weight = self._around(viewers)
        low, high = (self._of_audience(probed, gap_s, events, rank) for probed in (below, above))
        duration_s, first_lag_s, span_s = np.maximum(0.0, low + weight * (high - low))  # far below the fewest probed
        return FanOutCost(float(duration_s), float(first_lag_s), float(span_s))

    def answer(self, gap_s: float) -> float:
        """On a line over the logarithm of the gap, within the gaps that were probed."""
        gaps, slope, level_s = self._answer_line
        return max(0.0, level_s + slope * float(np.clip(_gap(gap_s), gaps.min(), gaps.max())))

    def commit(self, at_s: float, gap_s: float, comments: int, rng: Random) -> CommitCost:
        """What a commit of so many takes: one of about as many, as much more or less as its number makes it."""
        gaps, sizes = self._commit_states
        row = self.commits[_near(np.abs(sizes - np.log(comments)) + np.abs(gaps - _gap(gap_s)), rng)]
        fixed_s, each_s = self._commit_line
        scale = (fixed_s + each_s * comments) / (fixed_s + each_s * row[1])
        around = self.handovers[_near(np.abs(self._handover_gaps - _gap(gap_s)), rng)]
        return CommitCost(float(around[1]), float(around[2]), float(row[2] * scale), float(around[3]))

    def hop(self, rng: Random) -> float:
        return _draw("hops", self.hops, rng)

    def timer_slack(self, rng: Random) -> float:
        return _draw("slacks", self.slacks, rng)

    def stall(self, rng: Random) -> float:
        return _draw("stalls", self.stalls, rng)

    def poll(self, rng: Random) -> float:
        return _draw("polls", self.polls, rng)

    def edge_hop(self, rng: Random) -> float:
        return _draw("edge_hops", self.edge_hops, rng)

    def save(self, path: Path) -> None:
        path.write_text(json.dumps(self.as_dict()) + "\n")

    @classmethod
    def load(cls, path: Path) -> "Calibration":
        return cls.of(json.loads(path.read_text()))

    def as_dict(self) -> dict[str, Any]:
        """As JSON has it: the parts, if there are any, which make the whole."""
        if self.parts:
            return {"machine": self.machine, "parts": [part.as_dict() for part in self.parts]}
        return asdict(self) | {name: np.round(getattr(self, name), 7).tolist() for name in COLUMNS}

    @classmethod
    def of(cls, fields: Mapping[str, Any]) -> "Calibration":
        """The reverse of `as_dict`; KeyError and TypeError tell of what is missing or too much.

        CalibrationError: its probes were disturbed, and found nothing of what every simulation needs.
        """
        if fields.get("parts"):
            return merged([cls.of(part) for part in fields["parts"]])
        found = cls(**({**fields, "parts": ()} | {name: _shaped(name, fields[name]) for name in COLUMNS}))
        if lacking := found.lacking({}):
            names = ", ".join(lacking)
            raise CalibrationError(f"the calibration has no {names}: its probes were disturbed; measure anew")
        return found

    def lacking(self, enough: Mapping[str, int]) -> dict[str, int]:
        """How many samples there are of what every simulation draws from, where that is not ``enough``, at least 1."""
        counts = {name: len(getattr(self, name)) for name in NEEDED} | {"receive_s": int(np.isfinite(self.receive_s))}
        return {name: count for name, count in counts.items() if count < enough.get(name, 1)}

    @property
    def stalled_share(self) -> float:
        """Of the time, how much nothing progressed on the server's core that had nothing else to do."""
        return float(self.stalls_per_s * self.stalls.mean()) if len(self.stalls) else 0.0

    @cached_property
    def _post_gaps(self) -> Samples:
        return np.asarray(_gap(self.posts[:, 0]))

    @cached_property
    def _handover_gaps(self) -> Samples:
        return np.asarray(_gap(self.handovers[:, 0]))

    @cached_property
    def _commit_states(self) -> tuple[Samples, Samples]:
        return np.asarray(_gap(self.commits[:, 0])), np.log(self.commits[:, 1])

    @cached_property
    def _answer_line(self) -> tuple[Samples, float, float]:
        gaps = np.asarray(_gap(self.answers[:, 0]))
        if np.ptp(gaps) == 0:
            return gaps, 0.0, float(np.median(self.answers[:, 1]))
        slope, level_s = np.polyfit(gaps, self.answers[:, 1], 1)
        return gaps, float(slope), float(level_s)

    @cached_property
    def _commit_line(self) -> tuple[float, float]:
        """A commit's work: what it takes whatever it holds, and for each comment."""
        sizes = np.unique(self.commits[:, 1])
        if len(sizes) < 2:
            return float(np.median(self.commits[:, 2])), 0.0
        medians = [np.median(self.commits[self.commits[:, 1] == size, 2]) for size in sizes]
        each_s, fixed_s = np.polyfit(sizes, medians, 1)
        return max(float(fixed_s), 1e-6), max(float(each_s), 0.0)

    @cached_property
    def _by_audience(self) -> dict[int, tuple[Samples, Samples]]:
        """Of each audience the states (gap, events on logarithmic scales) and the costs of its fan-outs."""
        found = {}
        for viewers in np.unique(self.fan_outs[:, 0]):
            rows = self.fan_outs[self.fan_outs[:, 0] == viewers]
            rows = rows[np.argsort(rows[:, 3], kind="stable")]  # so that equal ranks are alike
            found[int(viewers)] = np.column_stack([_gap(rows[:, 1]), np.log(rows[:, 2])]), rows[:, 3:]
        return found

    def _around(self, viewers: int) -> tuple[int, int, float]:
        """The probed audiences on both sides, and how far between them this one is; outside it goes on as a line."""
        probed = self.audiences
        if len(probed) == 1 or viewers == probed[0]:
            return probed[0], probed[0], 0.0
        at = min(max(int(np.searchsorted(probed, viewers)), 1), len(probed) - 1)
        below, above = probed[at - 1], probed[at]
        return below, above, (viewers - below) / (above - below)

    def _of_audience(self, probed: int, gap_s: float, events: int, rank: float) -> Samples:
        states, costs = self._by_audience[probed]
        distance = np.abs(states[:, 0] - _gap(gap_s)) + np.abs(states[:, 1] - np.log(events))
        near = _nearest(distance)
        return np.asarray(costs[near[int(rank * len(near))]])


def merged(probes: Sequence[Calibration]) -> Calibration:
    """One calibration out of several sets of probes of the same machine, whose audiences are kept apart."""
    by_audience: dict[tuple[int, ...], list[Calibration]] = {}
    for probe in probes:
        by_audience.setdefault(probe.audiences, []).append(probe)
    parts = tuple(_joined(each) for each in by_audience.values())
    return parts[0] if len(parts) == 1 else replace(_joined(probes), parts=parts)


def _joined(parts: Sequence[Calibration]) -> Calibration:
    arrays: dict[str, Any] = {name: np.concatenate([getattr(part, name) for part in parts]) for name in COLUMNS}
    return Calibration(
        **arrays,
        receive_s=float(np.median([part.receive_s for part in parts])),
        stalls_per_s=float(np.mean([part.stalls_per_s for part in parts])),
        start_s=float(np.median([part.start_s for part in parts])),
        join_s=float(np.median([part.join_s for part in parts])),
        machine=max((part.machine for part in parts), key=others_share),
    )


def _shaped(name: str, samples: Any) -> Samples:
    """As they were before they were written: a list of no rows does not say how long they are."""
    columns = COLUMNS[name]
    return np.asarray(samples, dtype=float).reshape((-1, columns) if columns else -1)


def _gap(gap_s: Any) -> Any:
    """Idle gaps on a logarithmic scale, flat at both ends."""
    return np.log(np.clip(gap_s, GAP_MIN_S, GAP_MAX_S))


def _nearest(distance: Samples) -> NDArray[np.intp]:
    """The nearest samples, in their order, with all that are as near as the last of them."""
    count = min(NEAREST, len(distance))
    return np.flatnonzero(distance <= np.partition(distance, count - 1)[count - 1])


def _near(distance: Samples, rng: Random) -> int:
    near = _nearest(distance)
    return int(near[rng.randrange(len(near))])


def _draw(name: str, samples: Samples, rng: Random) -> float:
    if not len(samples):
        raise CalibrationError(f"the calibration has no such probe, of {name}: measure one with such a set-up")
    return float(samples[rng.randrange(len(samples))])
