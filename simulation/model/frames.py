"""What the edges of a cluster have sent, and the books that must balance about it."""

from bisect import bisect_left
from dataclasses import dataclass, field

import numpy as np

from simulation.model.mixture import Array
from simulation.model.samples import Batch, Numbers

LOOK_BACK_S = 60.0  # a cluster that was lost may have been late by so much
BIN_S = 0.25  # of the ages of what is caught up with

Span = tuple[float, float]
"""When a fan-out began, and how long it took."""


@dataclass(slots=True)
class Ledger:
    """Pairs of a viewer and a comment. Delivered + shed + missed = due + repeated, whatever happens.

    Shed are those that the budget and the rooms leave out, missed those that should have been shown and were not, and
    repeated those that an edge which is behind gives again to viewers who come from another.
    """

    delivered: float = 0.0
    shed: float = 0.0
    missed: float = 0.0
    repeated: float = 0.0

    def plus(self, other: "Ledger") -> "Ledger":
        return Ledger(
            self.delivered + other.delivered,
            self.shed + other.shed,
            self.missed + other.missed,
            self.repeated + other.repeated,
        )

    def error(self, due: float) -> float:
        """How far the books are off, relative to what was due."""
        return abs(self.delivered + self.shed + self.missed - self.repeated - due) / max(due, 1.0)


@dataclass(slots=True)
class Traffic:
    """When messages came to an edge and left it."""

    arrivals_s: list[float] = field(default_factory=list)
    ends_s: list[float] = field(default_factory=list)
    sojourns_s: float = 0.0

    def leave(self, arrived_s: float, ended_s: float) -> None:
        self.ends_s.append(ended_s)
        self.sojourns_s += ended_s - arrived_s

    def abandon(self, now_s: float) -> None:
        """Whatever is inside goes at once; what has not come yet never does."""
        self.arrivals_s = [at_s for at_s in self.arrivals_s if at_s <= now_s]
        inside = len(self.arrivals_s) - len(self.ends_s)
        self.sojourns_s += now_s * inside - (sum(self.arrivals_s) - (sum(self.ends_s) - self.sojourns_s))
        self.ends_s += [now_s] * inside

    def littles_error(self) -> float:
        """Little's law: the number inside, counted over time, is the sum of the stays; answer the relative error."""
        times = np.concatenate([self.arrivals_s, self.ends_s])
        steps = np.repeat([1, -1], [len(self.arrivals_s), len(self.ends_s)])
        order = np.argsort(times, kind="stable")
        inside = np.cumsum(steps[order])
        if not len(times) or inside[-1]:
            return float(len(times) > 0)
        area = float(inside[:-1] @ np.diff(times[order]))
        return abs(area - self.sojourns_s) / max(area, 1e-9)


@dataclass(frozen=True, slots=True)
class Held:
    """What one viewer on average finds in the ring: ``weights`` comments that were meant at ``intended_s``."""

    comments: float
    intended_s: Array
    weights: Array


class Frames:
    """One entry per frame to a room, and per part of a catching up; ``points`` are intended times that stand for it."""

    def __init__(self) -> None:
        self.starts_s: list[float] = []
        self.spans_s: list[float] = []
        self.bytes: list[float] = []
        self.points: list[Array] = []
        self.weights: list[Array] = []  # pairs of a viewer and a comment that each point stands for
        self._rooms: list[int] = []
        self._comments: list[int] = []
        self._positions: list[int] = []
        self._begun_s: list[float] = []
        self._meant_s: list[float] = []

    def add(self, batch: Batch, kept: int, span: Span, viewers: float, size_bytes: float) -> None:
        count = len(batch.intended_s)
        self._sent(span, size_bytes, batch.intended_s, np.full(count, viewers * kept / count))
        self._rooms.append(batch.room)
        self._comments.append(kept)
        self._positions.append(batch.position)
        self._begun_s.append(span[0])
        self._meant_s.append(float(batch.intended_s[count // 2]))

    def catch_up(self, held: Held, span: Span, viewers: int, size_bytes: float) -> None:
        self._sent(span, size_bytes, held.intended_s, held.weights * viewers)

    def lacking(self, ring: int, shares: Array, positions: Numbers, since_s: float) -> tuple[Held, float]:
        """What one who had come to these positions finds in a ring of so many frames, and how much is gone from it."""
        first = bisect_left(self._begun_s, since_s - LOOK_BACK_S)
        rooms = np.array(self._rooms[first:], dtype=np.int64)
        lacked = np.array(self._positions[first:], dtype=np.int64) > positions[rooms]
        weights: Array = np.array(self._comments[first:], dtype=np.float64) * shares[rooms] * lacked
        kept = np.arange(first, len(self._rooms)) >= len(self._rooms) - ring
        bins = (np.array(self._meant_s[first:])[kept] / BIN_S).astype(np.int64)
        found, at = np.unique(bins, return_inverse=True)
        sums: Array = np.bincount(at, weights[kept], len(found)).astype(np.float64)
        some = sums > 0
        meant_s: Array = (found[some].astype(np.float64) + 0.5) * BIN_S
        held = Held(float(weights[kept].sum()), meant_s, sums[some])
        return held, float(weights[~kept].sum())

    def _sent(self, span: Span, size_bytes: float, points: Array, weights: Array) -> None:
        self.starts_s.append(span[0])
        self.spans_s.append(span[1])
        self.bytes.append(size_bytes)
        self.points.append(points)
        self.weights.append(weights)

    def intervals(self) -> tuple[Array, Array, Array, Array]:
        """When comments were meant, the least latency, its span, and the pairs; of shape (n,) each."""
        counts = [len(points) for points in self.points]
        meant_s = np.concatenate(self.points) if counts else np.zeros(0)
        weights = np.concatenate(self.weights) if counts else np.zeros(0)
        return meant_s, np.repeat(self.starts_s, counts) - meant_s, np.repeat(self.spans_s, counts), weights
