"""From the stamps of a probed server and the receipts of its viewers to the samples of a calibration."""

from dataclasses import asdict, dataclass, replace

import numpy as np
from numpy.typing import NDArray

from simulation.calibration import Calibration, Samples
from simulation.machine import fingerprint
from simulation.measurements import Measured, Receipts
from simulation.replay import Replay
from simulation.scenario import Scenario

STALLS_S = 2.0
STAMPED_S = 1e-3  # from the answer of a write to the stamp of its comments
AT_ONCE_S = 1e-3
LATE_MAX_S = 5e-3  # what begins later after a window has not been waiting for its end
ENOUGH = 20  # samples of a run's own
HOT = 0.1  # the quantile that stands for a loop that is never idle


@dataclass(frozen=True, slots=True)
class Busy:
    """What is measured from outside: of a loop that is never idle, and of the process while it was probed."""

    post_s: float
    poll_s: float
    probes_cpu_s: float


@dataclass(frozen=True)
class Digest:
    """``intended`` says by a comment's ``seq`` when it was meant to be posted."""

    scenario: Scenario
    measured: Measured
    receipts: Receipts
    intended: dict[int, float]

    def calibration(self, busy: Busy, dense: tuple[float, float], stalls: list[float]) -> Calibration:
        """``dense``: the stretch in which the window was always full."""
        posts, hops = self._posts()
        writes = commit_times(self.measured)
        hot_s = float(np.quantile(self._api_s, HOT) + np.quantile(hops, HOT)) + writes.busy_s
        return Calibration(
            posts=posts,
            **asdict(writes),
            hops=hops,
            slacks=self._slacks(dense),
            receive_s=self._receive_s,
            answer_s=max(0.0, busy.post_s - hot_s),
            overhead_s=self._overhead_s(busy),
            fan_outs=self._fan_outs()[:, 1:],
            stalls=np.array(stalls),
            stalls_per_s=len(stalls) / STALLS_S,
            polls=np.array([busy.poll_s]),
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
        writes = asdict(commit_times(self.measured))
        slacks = self._slacks((began_s, float("inf")))
        own = {"posts": posts, "hops": hops, "slacks": slacks, **writes}
        enough = {name: samples for name, samples in own.items() if len(samples) >= ENOUGH}
        fan_outs = self._fan_outs()
        fan_outs = fan_outs[fan_outs[:, 0] < calm_until]
        fan_outs[:, 0] -= began_s
        return Replay(
            fan_outs=fan_outs[:, [0, 3, 4, 5, 6]],
            commits=commit_rows(self.measured) - [began_s, 0, 0],
            else_=replace(frozen, receive_s=self._receive_s, **enough),
        )

    def _overhead_s(self, busy: Busy) -> float:
        """What CPU each probe took beyond its post, its share of fan-outs and its commit."""
        fan_outs = self.measured.fan_outs
        known_s = float((fan_outs["end_s"] - fan_outs["start_s"]).sum() + self.measured.writes["cpu_s"].sum())
        posts = len(self.measured.comments["seq"])
        return max(0.0, (busy.probes_cpu_s - known_s) / posts - busy.post_s)

    @property
    def _api_s(self) -> Samples:
        return np.asarray(self.measured.comments["admitted_s"] - self.measured.comments["received_s"])

    @property
    def _receive_s(self) -> float:
        waited_s = self.measured.comments["flushed_s"] - self.measured.comments["hub_s"]
        return float(np.median(waited_s[waited_s < AT_ONCE_S]))  # of those that the window did not hold up

    def _posts(self) -> tuple[Samples, Samples]:
        """Of posts that nothing stood in the way of: rows (idle gap, ingress, handler), and their hops to the hub."""
        comments, fan_outs = self.measured.comments, self.measured.fan_outs
        intended_s = np.array([self.intended.get(int(seq), np.nan) for seq in comments["seq"]])
        alone = ~_during_fan_out(intended_s, comments["durable_s"], fan_outs) & (_shares(comments["durable_s"]) == 1)
        alone &= np.isfinite(intended_s)
        gaps_s = _idle_gaps(intended_s, fan_outs["end_s"])
        posts = np.column_stack([gaps_s, comments["received_s"] - intended_s, self._api_s])[alone]
        return posts, (comments["hub_s"] - comments["durable_s"])[alone]

    def _slacks(self, dense: tuple[float, float]) -> Samples:
        """By how much fan-outs came later than the window's end, which lasts from the end of the one before."""
        window_s = self.scenario.system.window_ms / 1000
        if not window_s:
            return np.zeros(0)
        starts_s, ends_s = self.measured.fan_outs["start_s"], self.measured.fan_outs["end_s"]
        late_s = starts_s[1:] - ends_s[:-1] - window_s
        within = (starts_s[1:] > dense[0] + 0.1) & (starts_s[1:] < dense[1])
        late_s = late_s[within & (late_s > -0.002) & (late_s < LATE_MAX_S)]
        return np.asarray(np.maximum(late_s, 0.0))

    def _fan_outs(self) -> Samples:
        """Join fan-outs with their receipts: start, viewers, gap, events, duration, lag to the first receipt, span."""
        fan_outs, viewers = self.measured.fan_outs, self.scenario.audience.viewers
        order = np.argsort(self.receipts.firsts, kind="stable")
        firsts, times_s = self.receipts.firsts[order], self.receipts.times_s[order]
        rows = []
        previous_end = np.concatenate([[-1.0], fan_outs["end_s"][:-1]])
        for index, first in enumerate(fan_outs["first"]):
            mine = times_s[np.searchsorted(firsts, first) : np.searchsorted(firsts, first, side="right")]
            if len(mine) < viewers:
                continue
            start_s, end_s = fan_outs["start_s"][index], fan_outs["end_s"][index]
            if self.scenario.system.delivery == "plain":  # its tasks hold the loop until the last one has written
                end_s = max(end_s, mine.max())
            costs = end_s - start_s, mine.min() - start_s, mine.max() - mine.min()
            gap_s, events = start_s - previous_end[index], fan_outs["last"][index] - first + 1
            rows.append((start_s, viewers, gap_s, events, *costs))
        return np.array(rows, dtype=float).reshape(-1, 7)


@dataclass(frozen=True)
class CommitTimes:
    """Rows (comments, work of the thread); of lone commits what comes before and after it."""

    commits: Samples
    dispatches: Samples
    handovers: Samples
    syncs: Samples

    @property
    def busy_s(self) -> float:
        """What a comment adds to the thread's work where many share a commit."""
        large = self.commits[self.commits[:, 0] >= np.quantile(self.commits[:, 0], 0.98)]
        return float(np.median(large[:, 1] / large[:, 0]))


def commit_times(measured: Measured) -> CommitTimes:
    rows = _commits(measured)
    lone = (rows["comments"] == 1) & ~_during_fan_out(rows["admitted_s"], rows["durable_s"], measured.fan_outs)
    lone[1:] &= rows["admitted_s"][1:] > rows["durable_s"][:-1]  # nor had it to wait for another commit
    return CommitTimes(
        commits=np.column_stack([rows["comments"], rows["cpu_s"]]).astype(float),
        dispatches=(rows["asked_s"] - rows["admitted_s"])[lone],
        handovers=(rows["begun_s"] - rows["asked_s"])[lone],
        syncs=(rows["durable_s"] - rows["worked_s"])[lone],
    )


def commit_rows(measured: Measured) -> Samples:
    """Rows (asked at, comments, work) in order of time."""
    rows = _commits(measured)
    return np.column_stack([rows["asked_s"], rows["comments"], rows["cpu_s"]]).astype(float)


def _commits(measured: Measured) -> dict[str, Samples]:
    """The writes that were commits of comments, told by their ends: a comment is stamped just after the answer."""
    writes, comments = measured.writes, measured.comments
    ends_s, firsts, sizes = np.unique(comments["durable_s"], return_index=True, return_counts=True)
    at = np.searchsorted(writes["answered_s"], ends_s, side="right") - 1
    known = (at >= 0) & (ends_s - writes["answered_s"][at] < STAMPED_S)
    rows = {name: column[at[known]] for name, column in writes.items()}
    return rows | {
        "admitted_s": comments["admitted_s"][firsts][known],
        "durable_s": ends_s[known],
        "comments": sizes[known],
    }


def _shares(durable_s: Samples) -> Samples:
    """How many comments shared each comment's commit: they were stamped durable together."""
    _, commit, sizes = np.unique(durable_s, return_inverse=True, return_counts=True)
    return np.asarray(sizes[commit].astype(float))


def _during_fan_out(from_s: Samples, to_s: Samples, fan_outs: dict[str, Samples]) -> NDArray[np.bool_]:
    """Whether a fan-out held the loop at some time in [from, to]."""
    began_before = np.searchsorted(fan_outs["start_s"], to_s)
    ended_before = np.searchsorted(fan_outs["end_s"], from_s)
    return np.asarray(began_before > ended_before)


def _idle_gaps(at_s: Samples, ends_s: Samples) -> Samples:
    before = np.searchsorted(ends_s, at_s)
    return np.where(before > 0, at_s - ends_s[np.maximum(before - 1, 0)], 1.0)
