"""From the stamps of a probed server and the receipts of its viewers to the samples of a calibration."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simulation.calibration import Calibration, Samples
from simulation.machine import fingerprint
from simulation.measurements import Measured, Receipts, Used
from simulation.replay import Replay
from simulation.scenario import Scenario

STALLS_S = 2.0
STAMPED_S = 1e-3  # from the answer of a write to the stamp of its comments
AT_ONCE_S = 1e-3
LATE_MAX_S = 5e-3  # what begins later after a window has not been waiting for its end
ENOUGH = 20  # samples of a run's own


@dataclass(frozen=True)
class Digest:
    """``intended``: when each comment was meant to be posted, by ``seq``; ``used``: of stretches of the run."""

    scenario: Scenario
    measured: Measured
    receipts: Receipts
    intended: dict[int, float]
    used: Sequence[Used]

    def calibration(self, poll_s: float, dense: tuple[float, float], stalls: list[float]) -> Calibration:
        """``dense``: the stretch in which the window was always full."""
        posts, hops = self._posts()
        writes = commit_times(self.measured, self._held)
        return Calibration(
            posts=posts,
            **asdict(writes),
            hops=hops,
            slacks=self._slacks(dense),
            receive_s=self._receive_s,
            answers=self._answers(writes),
            fan_outs=self.fan_outs()[:, 1:],
            stalls=np.array(stalls),
            stalls_per_s=len(stalls) / STALLS_S,
            polls=np.array([poll_s]),
            edge_hops=np.zeros(0),
            machine=fingerprint(),
        )

    def replay(self, began_s: float, frozen: Calibration) -> Replay:
        """What each step took in a run that began then; what it does not tell, a calibration does.

        Receipts and posts that a fault has held up tell nothing of what steps take: of those, what was before it.
        """
        calm_until = began_s + min((each.at_s for each in self.scenario.faults if each.kind != "stop"), default=np.inf)
        calm = {seq: at_s for seq, at_s in self.intended.items() if at_s < calm_until}
        posts, hops = replace(self, intended=calm)._posts()
        writes = commit_times(self.measured, self._held)
        slacks = self._slacks((began_s, float("inf")))
        own = {"posts": posts, "hops": hops, "slacks": slacks, **asdict(writes)}
        enough: dict[str, Any] = {name: samples for name, samples in own.items() if len(samples) >= ENOUGH}
        enough |= {"answers": answers} if len(answers := self._answers(writes)) else {}
        enough |= {"receive_s": self._receive_s} if np.isfinite(self._receive_s) else {}
        known, fan_outs = frozen.near(self.scenario.audience.viewers), self.fan_outs()
        fan_outs = fan_outs[fan_outs[:, 0] < calm_until]
        fan_outs[:, 0] -= began_s
        return Replay(
            fan_outs=fan_outs[:, [0, 3, 4, 5, 6]],
            commits=commit_rows(self.measured) - [began_s, 0, 0],
            else_=replace(known, **enough),
        )

    def _answers(self, writes: "CommitTimes") -> Samples:
        """By stretch: the idle gap, and what a post took of the core beyond all that is known of it.

        Known are its way to the hub, its share of the fan-outs and its commit: means, so that the sum is right.
        """
        fan_outs, comments = self._held, self.measured.comments
        gaps_s = _idle_gaps(comments["hub_s"], fan_outs["end_s"])
        commits, dispatch_s = commit_rows(self.measured), _median(writes.handovers[:, 1])
        way_s = self._api_s + (comments["hub_s"] - comments["durable_s"]) + self._receive_s
        rows = []
        for used in self.used:
            mine = _within(comments["hub_s"], used)
            fanned = _within(fan_outs["start_s"], used)
            fanned_s = float((fan_outs["end_s"] - fan_outs["start_s"])[fanned].sum())
            commits_s = float((commits[:, 2] + dispatch_s)[_within(commits[:, 0], used)].sum())
            if (mine & self._alone).any():
                rest_s = (used.cpu_s - fanned_s - commits_s) / mine.sum() - float(way_s[mine & self._alone].mean())
                if np.isfinite(rest_s):
                    rows.append((float(np.median(gaps_s[mine])), max(0.0, rest_s)))
        return np.array(rows).reshape(-1, 2)

    @cached_property
    def _received(self) -> list[Samples]:
        """When each fan-out was received."""
        order = np.argsort(self.receipts.firsts, kind="stable")
        firsts, times_s = self.receipts.firsts[order], self.receipts.times_s[order]
        begin, end = (np.searchsorted(firsts, self.measured.fan_outs["first"], side) for side in ("left", "right"))
        return [times_s[first:last] for first, last in zip(begin, end, strict=True)]

    @cached_property
    def _held(self) -> dict[str, Samples]:
        """From when to when fan-outs had the loop: with queues until the last viewer's task has written."""
        fan_outs = self.measured.fan_outs
        ends_s = np.array(fan_outs["end_s"], dtype=float)
        if self.scenario.system.delivery == "plain":
            last_s = [mine.max(initial=0.0) for mine in self._received]
            ends_s = np.maximum.accumulate(np.maximum(ends_s, last_s))
        return {"start_s": fan_outs["start_s"], "end_s": ends_s}

    @property
    def _api_s(self) -> Samples:
        return np.asarray(self.measured.comments["admitted_s"] - self.measured.comments["received_s"])

    @property
    def _receive_s(self) -> float:
        waited_s = self.measured.comments["flushed_s"] - self.measured.comments["hub_s"]
        return _median(waited_s[waited_s < AT_ONCE_S])  # of those that the window did not hold up

    def _posts(self) -> tuple[Samples, Samples]:
        """Of posts that nothing stood in the way of: rows (idle gap, ingress, handler), and their hops to the hub."""
        comments, intended_s = self.measured.comments, self._intended_s
        gaps_s = _idle_gaps(intended_s, self._held["end_s"])
        posts = np.column_stack([gaps_s, comments["received_s"] - intended_s, self._api_s])[self._alone]
        return posts, (comments["hub_s"] - comments["durable_s"])[self._alone]

    @cached_property
    def _intended_s(self) -> Samples:
        return np.array([self.intended.get(int(seq), np.nan) for seq in self.measured.comments["seq"]])

    @cached_property
    def _alone(self) -> NDArray[np.bool_]:
        """The comments that no fan-out, no other post and no other one of the same commit stood in the way of."""
        durable_s, admitted_s = self.measured.comments["durable_s"], self.measured.comments["admitted_s"]
        alone = ~_during_fan_out(self._intended_s, durable_s, self._held) & (_shares(durable_s) == 1)
        return np.asarray(alone & np.isfinite(self._intended_s) & ~_overlaps(self._intended_s, admitted_s))

    def _slacks(self, dense: tuple[float, float]) -> Samples:
        """By how much fan-outs came later than the window's end, which lasts from the end of the one before.

        If all of them were later than any timer is, the least late one is the nearest to a timer's slack there is.
        """
        window_s = self.scenario.system.window_ms / 1000
        if not window_s:
            return np.zeros(0)
        starts_s, ends_s = self.measured.fan_outs["start_s"], self.measured.fan_outs["end_s"]
        late_s = starts_s[1:] - ends_s[:-1] - window_s
        within = (starts_s[1:] > dense[0] + 0.1) & (starts_s[1:] < dense[1])
        late_s = late_s[within & (late_s > -0.002)]
        slacks = late_s[late_s < LATE_MAX_S]
        return np.asarray(np.maximum(slacks if len(slacks) else np.sort(late_s)[:1], 0.0))

    def fan_outs(self) -> Samples:
        """Join fan-outs with their receipts: start, viewers, gap, events, duration, lag to the first receipt, span."""
        fan_outs, viewers = self.measured.fan_outs, self.scenario.audience.viewers
        rows = []
        previous_end = np.concatenate([[-1.0], fan_outs["end_s"][:-1]])
        for index, mine in enumerate(self._received):
            if len(mine) < viewers:
                continue
            start_s, end_s = fan_outs["start_s"][index], fan_outs["end_s"][index]
            costs = end_s - start_s, mine.min() - start_s, mine.max() - mine.min()
            gap_s, events = start_s - previous_end[index], fan_outs["last"][index] - fan_outs["first"][index] + 1
            rows.append((start_s, viewers, gap_s, events, *costs))
        return np.array(rows, dtype=float).reshape(-1, 7)


@dataclass(frozen=True)
class CommitTimes:
    """As in a calibration: what the thread works, and of lone ones what is before and after it."""

    commits: Samples
    handovers: Samples


def commit_times(measured: Measured, held: dict[str, Samples]) -> CommitTimes:
    """``held``: from when to when fan-outs had the loop."""
    rows = _commits(measured)
    lone = (rows["comments"] == 1) & ~_during_fan_out(rows["admitted_s"], rows["durable_s"], held)
    lone[1:] &= rows["admitted_s"][1:] > rows["durable_s"][:-1]  # nor had it to wait for another commit
    lone &= ~_any_within(measured.comments["received_s"], rows) & ~_any_within(measured.comments["admitted_s"], rows)
    gaps_s = _idle_gaps(rows["asked_s"], held["end_s"])
    after_s, rest_s = (rows["durable_s"] - rows["worked_s"])[lone], rows["rest_s"][lone]
    begins_s = max(0.0, float(np.median(rest_s - after_s))) if lone.any() else 0.0  # of the rest, before the statements
    dispatch_s, begun_s = rows["asked_s"] - rows["admitted_s"], rows["begun_s"] - rows["asked_s"]
    around_s = dispatch_s[lone], begun_s[lone] - begins_s, after_s + begins_s - rest_s
    return CommitTimes(
        commits=np.column_stack([gaps_s, rows["comments"], rows["work_s"]]).astype(float),
        handovers=np.column_stack([gaps_s[lone], *np.maximum(around_s, 0.0)]),
    )


def commit_rows(measured: Measured) -> Samples:
    """Rows (asked at, comments, work) in order of time."""
    rows = _commits(measured)
    return np.column_stack([rows["asked_s"], rows["comments"], rows["work_s"]]).astype(float)


def _commits(measured: Measured) -> dict[str, Samples]:
    """The writes that were commits of comments, told by their ends: a comment is stamped just after the answer."""
    writes, comments = measured.writes, measured.comments
    ends_s, firsts, sizes = np.unique(comments["durable_s"], return_index=True, return_counts=True)
    at = np.searchsorted(writes["answered_s"], ends_s, side="right") - 1
    known = (at >= 0) & (ends_s - writes["answered_s"][at] < STAMPED_S)
    rows = {name: column[at[known]] for name, column in writes.items()}
    rest_s = _median(rows["rest_s"])  # told with the write after; they are all alike
    return rows | {
        "rest_s": np.full(len(rows["cpu_s"]), rest_s),
        "work_s": rows["cpu_s"] + rest_s,
        "admitted_s": comments["admitted_s"][firsts][known],
        "durable_s": ends_s[known],
        "comments": sizes[known],
    }


def _median(samples: Samples) -> float:
    """NaN of a run so disturbed that there are none."""
    return float(np.median(samples)) if len(samples) else float("nan")


def _within(times_s: Samples, used: Used) -> NDArray[np.bool_]:
    return np.asarray((times_s >= used.from_s) & (times_s < used.to_s))


def _shares(durable_s: Samples) -> Samples:
    """How many comments shared each comment's commit: they were stamped durable together."""
    _, commit, sizes = np.unique(durable_s, return_inverse=True, return_counts=True)
    return np.asarray(sizes[commit].astype(float))


def _during_fan_out(from_s: Samples, to_s: Samples, fan_outs: dict[str, Samples]) -> NDArray[np.bool_]:
    """Whether a fan-out held the loop at some time in [from, to]."""
    began_before = np.searchsorted(fan_outs["start_s"], to_s)
    ended_before = np.searchsorted(fan_outs["end_s"], from_s)
    return np.asarray(began_before > ended_before)


def _any_within(at_s: Samples, commits: dict[str, Samples]) -> NDArray[np.bool_]:
    """Whether one of these was after a commit's admission and before its end."""
    ordered_s = np.sort(at_s)
    before, until = (np.searchsorted(ordered_s, commits[end], side="right") for end in ("admitted_s", "durable_s"))
    return np.asarray(until > before)


def _overlaps(from_s: Samples, to_s: Samples) -> NDArray[np.bool_]:
    """Whether another post was under way at some time in [from, to]; NaN are under way at no time."""
    order = np.argsort(from_s, kind="stable")
    begins_s, ends_s = from_s[order], to_s[order]
    found = np.zeros(len(order), dtype=bool)
    found[1:] = begins_s[1:] <= np.maximum.accumulate(ends_s)[:-1]
    found[:-1] |= begins_s[1:] <= ends_s[:-1]
    return np.asarray(found[np.argsort(order, kind="stable")])


def _idle_gaps(at_s: Samples, ends_s: Samples) -> Samples:
    if not len(ends_s):
        return np.ones(len(at_s))
    before = np.searchsorted(ends_s, at_s)
    return np.where(before > 0, at_s - ends_s[np.maximum(before - 1, 0)], 1.0)
