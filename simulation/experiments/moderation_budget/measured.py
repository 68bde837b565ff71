"""What one run gave: what became of each comment, and what that comes to.

A comment that the scorer would not let through is *bad*; what it misses it misses however fast it is. A bad comment is
exposed to every viewer from its receipt to that of its removal, and at most for as long as it is on a screen.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from reference_impl.moderation.verdict import ALLOWED, Verdict
from reference_impl.protocol.streams import Action
from simulation.experiments.moderation_budget.plan import Crowd, Size
from simulation.model.edge import FanOut
from simulation.model.log import Stamps
from simulation.model.mixture import Array, quantile

Flags = NDArray[np.bool_]


@dataclass(slots=True, eq=False)
class Comment:
    """``entry`` is its place in the log, if it has been let in; ``removal`` that of the event that takes it back."""

    number: int
    at_s: float
    verdict: Verdict = ALLOWED
    reviewed: bool = False  # the rules have left it to the scorer
    scored: bool = False
    fell_back: bool = False
    answered_s: float = 0.0  # its author
    entry: Stamps | None = None
    removal: Stamps | None = None


class Run:
    """The comments that came as far as the scorer; arrays are of shape (comments,)."""

    def __init__(
        self, size: Size, crowd: Crowd, comments: Sequence[Comment], published: Sequence[Stamps],
        fan_outs: Sequence[FanOut], waiting_most: int,
    ) -> None:  # fmt: skip
        self._size = size
        self._comments = [each for each in comments if each.reviewed]
        self._waiting_most = waiting_most
        numbers = [each.number for each in self._comments]
        self._harmful: Flags = crowd.harmful[numbers]
        self._scores = crowd.scores[numbers]
        self._places = {id(entry): place for place, entry in enumerate(published)}
        self._begins_s, self._spans_s = _receipts(len(published), fan_outs)

    def values(self, bad_from: float) -> dict[str, float]:
        """The measures by name; a score from ``bad_from`` on is that of a bad comment."""
        mine, viewers = self._comments, self._size.viewers
        shown, gone = self._places_of("entry") >= 0, self._places_of("removal") >= 0
        bad, exposed_s = self._harmful & (self._scores >= bad_from), self._exposed_s()
        at_s = np.array([each.at_s for each in mine])
        posted_s = np.array([each.answered_s for each in mine]) - at_s
        seen = self._places_of("entry")[shown]
        late_s = self._begins_s[seen] - at_s[shown]
        return {
            "post_p99_ms": 1000 * float(np.quantile(posted_s, 0.99)),
            "end_to_end_p99_ms": 1000 * quantile(late_s, self._spans_s[seen], np.ones(len(seen)), 0.99),
            "exposure_s": 1000 * viewers * float(exposed_s[bad].sum()) / len(mine),
            "removed_pct": _pct(gone & (exposed_s > 0)),
            "fallback_pct": _pct(np.array([each.fell_back for each in mine])),
            "wrongly_held_pct": _pct((~shown | gone)[~self._harmful]),
            "left_pct": _pct((shown & ~gone)[bad]),
            "waiting_most": float(self._waiting_most),
        }

    def facts(self) -> dict[str, int]:
        states = [each.verdict.action for each in self._comments]
        return {
            "comments": len(self._comments),
            "held_or_denied": sum(action is not Action.ALLOW for action in states),
            "corrected": sum(each.scored and each.fell_back for each in self._comments),
        }

    def _exposed_s(self) -> Array:
        """How long each has been on screens: in the middle of a fan-out, for all viewers."""
        middles_s = self._begins_s + self._spans_s / 2
        entries, removals = self._places_of("entry"), self._places_of("removal")
        long_s = np.where(removals >= 0, middles_s[removals] - middles_s[entries], self._size.screen_s)
        found: Array = np.where(entries >= 0, np.clip(long_s, 0.0, self._size.screen_s), 0.0)
        return found

    def _places_of(self, what: str) -> NDArray[np.int64]:
        """Where in the log, from 0; -1 for what has no place there."""
        return np.array([self._places.get(id(getattr(each, what)), -1) for each in self._comments])


def _receipts(published: int, fan_outs: Sequence[FanOut]) -> tuple[Array, Array]:
    """When the first viewer has each, and how much later the last one."""
    begins_s, spans_s = np.zeros(published), np.zeros(published)
    for fan_out in fan_outs:
        places = np.array(fan_out.seqs) - 1
        begins_s[places] = fan_out.start_s + fan_out.cost.first_lag_s
        spans_s[places] = fan_out.cost.span_s
    return begins_s, spans_s


def _pct(flags: Flags) -> float:
    return 100 * float(flags.mean()) if len(flags) else 0.0
