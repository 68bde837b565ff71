"""What came of a run, written down the same way by real processes and by the model."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from reference_impl.policy.degradation import Rung
from simulation.experiments.degradation.plan import Kind, Size

SLOW_S = 0.5  # a post that is answered later is not what its author is used to
SETTLED_S = 4.0  # at the end of the highest step: what the ladder has come to by then

Floats = NDArray[np.float64]
KIND, DUE, ENDED, OUTCOME = range(4)  # columns of requests


class Outcome(IntEnum):
    GIVEN_UP = 0  # whoever asked has gone away
    DONE = 1
    REFUSED = 2  # and told so


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """One run, in seconds since it began.

    ``requests`` has shape (n, 4): kind, due, ended, outcome. ``seen`` has shape (m, 3): a comment's number, when it was
    due, and when a viewer had it. ``rungs`` has shape (k, 2): when the ladder was looked at, and its rung.
    """

    size: Size
    requests: Floats
    seen: Floats
    frames_s: Floats  # when the viewer got a frame
    sums_s: Floats  # when it was told of reactions
    rungs: Floats

    @classmethod
    def load(cls, size: Size, path: Path) -> "Record":
        with np.load(path) as found:
            return cls(size=size, **{name: found[name] for name in ("requests", "seen", "frames_s", "sums_s", "rungs")})

    def values(self) -> dict[str, float]:
        """What the family measures, by the measures' names."""
        begin_s, end_s = self.size.spans[self.size.top]
        settled_s = max(begin_s, end_s - SETTLED_S)
        top, settled = self._stretch(begin_s, end_s), self._stretch(settled_s, end_s)
        return {
            **{name: top[name] for name in TOP},
            **{f"settled_{name}": settled[name] for name in SETTLED},
            "first_rung_x": self._reached(Rung.NO_HINTS),
            "read_only_x": self._reached(Rung.READ_ONLY),
            "recovery_s": self._recovery_s(end_s),
            "lost": float(max(0, self._done() - len(set(self.seen[:, 0].tolist())))),
            "doubled": float(len(self.seen) - len(set(self.seen[:, 0].tolist()))),
        }

    def facts(self) -> dict[str, Any]:
        """The same by step of the load, and by second."""
        seconds = range(int(self.size.seconds))
        return {
            "steps": [
                {"multiple": step.multiple, **_plain(self._stretch(*span))}
                for step, span in zip(self.size.steps, self.size.spans, strict=True)
            ],
            "seconds": [
                {
                    "at_s": at_s,
                    "multiple": self.size.multiple(at_s),
                    "rung": self._rung(at_s + 1),
                    **_plain(self._stretch(at_s, at_s + 1)),
                }
                for at_s in seconds
            ],
        }

    def _stretch(self, begin_s: float, end_s: float) -> dict[str, float]:
        """What came of all that was due within it."""
        lasts_s = end_s - begin_s
        due = self.requests[_within(self.requests[:, DUE], begin_s, end_s)]
        posts, pages, actions = (due[due[:, KIND] == kind] for kind in (Kind.POST, Kind.PAGE, Kind.MODERATION))
        seen = self.seen[_within(self.seen[:, 1], begin_s, end_s)]
        return {
            "offered_per_s": len(posts) / lasts_s,
            "accepted_per_s": _share(posts, Outcome.DONE) * len(posts) / lasts_s,
            "refused_pct": 100 * _share(posts, Outcome.REFUSED),
            "given_up_pct": 100 * _share(posts, Outcome.GIVEN_UP),
            "answer_p99_ms": _p99_ms(posts[:, ENDED] - posts[:, DUE]),
            "seen_p99_ms": _p99_ms(seen[:, 2] - seen[:, 1]),
            "moderator_p99_ms": _p99_ms(actions[:, ENDED] - actions[:, DUE]),
            "moderated_pct": 100 * _share(actions, Outcome.DONE),
            "pages_pct": 100 * _share(pages, Outcome.DONE),
            "frames_per_s": float(np.sum(_within(self.frames_s, begin_s, end_s))) / lasts_s,
            "hints_per_s": float(np.sum(_within(self.sums_s, begin_s, end_s))) / lasts_s,
        }

    def _done(self) -> int:
        posts = self.requests[self.requests[:, KIND] == Kind.POST]
        return int(np.sum(posts[:, OUTCOME] == Outcome.DONE))

    def _rung(self, at_s: float) -> int:
        before = self.rungs[self.rungs[:, 0] <= at_s, 1]
        return int(before[-1]) if len(before) else int(Rung.FULL)

    def _reached(self, rung: Rung) -> float:
        """The load at which it was; 0 if it never was."""
        times_s = self.rungs[self.rungs[:, 1] >= rung, 0]
        return self.size.multiple(float(times_s[0])) if len(times_s) else 0.0

    def _recovery_s(self, fell_s: float) -> float:
        """Until the last post had ended that was not accepted, or late."""
        posts = self.requests[(self.requests[:, KIND] == Kind.POST) & (self.requests[:, DUE] >= fell_s)]
        bad = posts[(posts[:, OUTCOME] != Outcome.DONE) | (posts[:, ENDED] - posts[:, DUE] > SLOW_S)]
        return float(bad[:, ENDED].max()) - fell_s if len(bad) else 0.0


TOP = (
    "accepted_per_s", "refused_pct", "given_up_pct", "answer_p99_ms", "seen_p99_ms", "moderator_p99_ms",
    "moderated_pct", "pages_pct", "frames_per_s", "hints_per_s",
)  # fmt: skip
SETTLED = ("accepted_per_s", "answer_p99_ms", "moderator_p99_ms")


def _within(times_s: Floats, begin_s: float, end_s: float) -> NDArray[np.bool_]:
    return (times_s >= begin_s) & (times_s < end_s)


def _share(requests: Floats, outcome: Outcome) -> float:
    return float(np.mean(requests[:, OUTCOME] == outcome)) if len(requests) else 0.0


def _p99_ms(waits_s: Floats) -> float:
    """0 where there were none."""
    return float(np.quantile(waits_s, 0.99)) * 1000 if len(waits_s) else 0.0


def _plain(found: Mapping[str, float]) -> dict[str, float]:
    return {name: round(value, 1) for name, value in found.items()}


def requests_of(rows: Sequence[float]) -> Floats:
    """Rows of four written one behind the other."""
    return np.array(rows, dtype=np.float64).reshape(-1, 4)
