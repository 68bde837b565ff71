"""From the stamps of a probed server and the receipts of its viewers to the samples of a calibration."""

from dataclasses import asdict, dataclass

import numpy as np
from numpy.typing import NDArray

from simulation.calibration import Calibration, Samples
from simulation.machine import fingerprint
from simulation.measurements import Measured, Receipts
from simulation.scenario import Scenario

STALLS_S = 2.0
STAMPED_S = 1e-3  # from the answer of a write to the stamp of its comments
AT_ONCE_S = 1e-3
HOT = 0.1  # the quantile that stands for a loop that is never idle


@dataclass(frozen=True)
class Digest:
    """``intended`` says by a comment's ``seq`` when it was meant to be posted."""

    scenario: Scenario
    measured: Measured
    receipts: Receipts
    intended: dict[int, float]

    def calibration(self, busy_s: float, dense: tuple[float, float], stalls: list[float]) -> Calibration:
        """``busy_s``: what a post costs a busy loop; ``dense``: the stretch in which the window was always full."""
        comments, fan_outs = self.measured.comments, self.measured.fan_outs
        intended_s = np.array([self.intended[int(seq)] for seq in comments["seq"]])
        alone = ~_during_fan_out(intended_s, comments["durable_s"], fan_outs) & (_shares(comments["durable_s"]) == 1)
        api_s = comments["admitted_s"] - comments["received_s"]
        ingress_s = comments["received_s"] - intended_s
        gaps_s = _idle_gaps(intended_s, fan_outs["end_s"])
        hops = (comments["hub_s"] - comments["durable_s"])[alone]
        writes = commit_times(self.measured)
        return Calibration(
            posts=np.column_stack([gaps_s, ingress_s, api_s])[alone],
            **asdict(writes),
            hops=hops,
            slacks=self._slacks(dense),
            receive_s=float(np.median(_at_once(comments["flushed_s"] - comments["hub_s"]))),
            answer_s=max(0.0, busy_s - float(np.quantile(api_s, HOT) + np.quantile(hops, HOT)) - writes.busy_s),
            fan_outs=fan_out_rows(fan_outs, self.receipts, self.scenario.audience.viewers),
            stalls=np.array(stalls),
            stalls_per_s=len(stalls) / STALLS_S,
            machine=fingerprint(),
        )

    def _slacks(self, dense: tuple[float, float]) -> Samples:
        """By how much fan-outs came later than the window's end, which lasts from the end of the one before."""
        window_s = self.scenario.system.window_ms / 1000
        if not window_s:
            return np.zeros(0)
        starts_s, ends_s = self.measured.fan_outs["start_s"], self.measured.fan_outs["end_s"]
        late_s = starts_s[1:] - ends_s[:-1] - window_s
        within = (starts_s[1:] > dense[0] + 0.1) & (starts_s[1:] < dense[1])
        late_s = late_s[within & (late_s > -0.002) & (late_s < window_s)]
        return np.asarray(np.maximum(late_s, 0.0))


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
    """Of the writes that were commits of comments, told by their ends: a comment is stamped just after the answer."""
    writes, comments = measured.writes, measured.comments
    ends_s, firsts, sizes = np.unique(comments["durable_s"], return_index=True, return_counts=True)
    at = np.searchsorted(writes["answered_s"], ends_s, side="right") - 1
    known = (at >= 0) & (ends_s - writes["answered_s"][at] < STAMPED_S)
    rows = {name: column[at[known]] for name, column in writes.items()}
    admitted_s, ends_s, sizes = comments["admitted_s"][firsts][known], ends_s[known], sizes[known]
    lone = (sizes == 1) & ~_during_fan_out(admitted_s, ends_s, measured.fan_outs)
    lone[1:] &= admitted_s[1:] > ends_s[:-1]  # nor had it to wait for another commit
    return CommitTimes(
        commits=np.column_stack([sizes, rows["cpu_s"]]).astype(float),
        dispatches=(rows["asked_s"] - admitted_s)[lone],
        handovers=(rows["begun_s"] - rows["asked_s"])[lone],
        syncs=(ends_s - rows["worked_s"])[lone],
    )


def _at_once(waited_s: Samples) -> Samples:
    """Of those that the window did not hold up."""
    return waited_s[waited_s < AT_ONCE_S]


def fan_out_rows(fan_outs: dict[str, Samples], receipts: Receipts, viewers: int) -> Samples:
    """Join fan-outs with their receipts: viewers, gap, events, duration, lag to the first receipt, span to the last."""
    order = np.argsort(receipts.firsts, kind="stable")
    firsts, times_s = receipts.firsts[order], receipts.times_s[order]
    rows = []
    previous_end = np.concatenate([[-1.0], fan_outs["end_s"][:-1]])
    for index, first in enumerate(fan_outs["first"]):
        mine = times_s[np.searchsorted(firsts, first) : np.searchsorted(firsts, first, side="right")]
        if len(mine) < viewers:
            continue
        start_s, end_s = fan_outs["start_s"][index], fan_outs["end_s"][index]
        events = fan_outs["last"][index] - first + 1
        span_s = mine.max() - mine.min()
        rows.append((viewers, start_s - previous_end[index], events, end_s - start_s, mine.min() - start_s, span_s))
    return np.array(rows, dtype=float)


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
