"""The audience in the model: who tries when, who has come in, and what those had who were there."""

from collections import defaultdict
from collections.abc import Sequence
from random import Random

import numpy as np

from reference_impl.policy.connections import Crowded
from reference_impl.policy.retry import failed_together
from simulation.experiments.flash_crowd.plan import HELLO_S, RECONNECTS, Case, Times
from simulation.model.samples import Numbers

POINTS = 4  # of those who were there, whose receipts stand for the others'


class Crowd:
    """``joined_s`` is NaN for those who are not in; ``comments`` are rows of when meant, how late, of how many."""

    def __init__(self, case: Case, way_s: float) -> None:
        self.came_s = case.arrivals_s()
        self.joined_s = np.full(len(self.came_s), np.nan)
        self.refused_s: list[Times] = []
        self.comments: list[tuple[float, float, float]] = []
        self._meant_s = case.posts_s()
        self._way_s = way_s
        self._rng = Random(f"flash_crowd {case.repeat} viewers")
        self._failures = np.zeros(len(self.came_s), dtype=np.int64)
        self._due: defaultdict[int, list[tuple[Times, Numbers]]] = defaultdict(list)
        self._soon: list[tuple[Times, Numbers]] = []
        self._failed: list[tuple[Numbers, Times, Times]] = []
        self._schedule(np.arange(len(self.came_s)), self.came_s)

    def due(self, until_s: float) -> tuple[Times, Numbers]:
        """Whose turn comes before then, in order."""
        self._put_off()
        for second in [second for second in self._due if second < until_s]:
            self._soon += self._due.pop(second)
        if not self._soon:
            return np.zeros(0), np.zeros(0, dtype=np.int64)
        times_s, viewers = (np.concatenate(each) for each in zip(*self._soon, strict=True))
        now, later = np.flatnonzero(times_s < until_s), np.flatnonzero(times_s >= until_s)
        self._soon = [(times_s[later], viewers[later])] if len(later) else []
        now = now[np.argsort(times_s[now], kind="stable")]
        return times_s[now], viewers[now]

    def joined(self, viewers: Numbers, at_s: Times) -> None:
        self.joined_s[viewers] = at_s + self._way_s

    def refused(self, viewers: Numbers, at_s: Times, crowded: Crowded) -> None:
        told_s = at_s + self._way_s
        self.refused_s.append(told_s)
        away_s = np.array([crowded.away_s(self._rng) for _ in viewers])
        self._failed.append((viewers, told_s, told_s + away_s))

    def unanswered(self, viewers: Numbers, at_s: Times) -> None:
        tired_s = at_s + HELLO_S
        self._failed.append((viewers, tired_s, tired_s))

    def written(self, comments: Sequence[int], start_s: float, span_s: float, present: int) -> None:
        """Those who were there are written to one after another, over ``span_s``."""
        for at in (np.arange(POINTS) + 0.5) / POINTS:
            for number in comments:
                meant_s = self._meant_s[number]
                self.comments.append((meant_s, start_s + at * span_s - meant_s, present / POINTS))

    def _put_off(self) -> None:
        """Those who have failed since the last step try again when both the edge and their client would have it."""
        if self._failed:
            viewers, told_s, earliest_s = (np.concatenate(each) for each in zip(*self._failed, strict=True))
            self._failed.clear()
            self._schedule(viewers, np.maximum(earliest_s, told_s + self._pauses_s(viewers)))

    def _pauses_s(self, viewers: Numbers) -> Times:
        """As each one's client says, by how often he has failed."""
        pauses_s, failures = np.zeros(len(viewers)), self._failures[viewers]
        for attempt in np.unique(failures).tolist():
            alike = failures == attempt
            pauses_s[alike] = failed_together(RECONNECTS, attempt, int(alike.sum()), 0.0, self._rng)
        self._failures[viewers] += 1
        return pauses_s

    def _schedule(self, viewers: Numbers, at_s: Times) -> None:
        """By seconds, of which each is looked through when it comes."""
        seconds = at_s.astype(np.int64)
        order = np.argsort(seconds, kind="stable")
        found, firsts = np.unique(seconds[order], return_index=True)
        for second, part in zip(found.tolist(), np.split(order, firsts[1:]), strict=True):
            self._due[second].append((at_s[part], viewers[part]))
