"""What rooms are shown of a log: their samples, decided once for all edges that have the same rooms.

The server's `DisplayBudget` goes by the log's order and time alone, so edges that never speak with each other decide
alike, and so does whoever decides for them: here the regional brokers, which pass on what is shown and how much is not.
Without a budget they pass on everything, a window at a time.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from reference_impl.policy.display_budget import Candidate, DisplayBudget, DisplayBudgetConfig
from simulation.model.mixture import Array

POINTS_MAX = 8  # for the ages of a batch's comments; a sample is smaller, and exact

Numbers = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Batch:
    """Comments that a room is shown at once; ``intended_s`` stands for all of them, each for as many as the others.

    ``position`` is the last comment of the whole stream that is shown or left out by then.
    """

    room: int
    released_s: float
    comments: int
    position: int
    intended_s: Array


@dataclass(frozen=True, slots=True)
class Stream:
    """All accepted comments in order; of shape (n,) each. ``rooms`` are their authors'."""

    intended_s: Array
    durable_s: Array
    rooms: Numbers

    def __len__(self) -> int:
        return len(self.durable_s)

    def head(self, at_s: float) -> int:
        """The last comment that the log has."""
        return int(np.searchsorted(self.durable_s, at_s, side="right"))


def batches(stream: Stream, rooms: int, window_ms: int, budget: DisplayBudgetConfig | None) -> list[Batch]:
    """Of all rooms, in order of release; ``budget`` None shows everything."""
    found: list[Batch] = []
    for room in range(rooms):
        seqs = np.flatnonzero(stream.rooms == room) + 1
        if len(seqs):
            at_ms = (stream.durable_s[seqs - 1] * 1000).astype(np.int64)
            cuts = np.flatnonzero(np.diff(at_ms // window_ms)) + 1
            bounds = [0, *cuts.tolist(), len(seqs)]
            if budget is None:
                found += _whole(stream, room, seqs, bounds, window_ms)
            else:
                found += _Sampling(stream, room, budget).run(seqs, at_ms, bounds)
    return sorted(found, key=lambda batch: (batch.released_s, batch.room))


def merged(parts: list[Batch]) -> Batch:
    """Batches of one room as one."""
    if len(parts) == 1:
        return parts[0]
    last = parts[-1]
    weights = np.repeat([part.comments / len(part.intended_s) for part in parts], [len(p.intended_s) for p in parts])
    intended_s = np.concatenate([part.intended_s for part in parts])
    comments = sum(part.comments for part in parts)
    if weights.max() > 1:  # some stand for more than others
        order = np.argsort(intended_s, kind="stable")
        wanted = (np.arange(POINTS_MAX) + 0.5) * comments / POINTS_MAX
        at = np.searchsorted(np.cumsum(weights[order]), wanted)
        intended_s = intended_s[order][np.minimum(at, len(order) - 1)]
    return Batch(last.room, last.released_s, comments, last.position, intended_s)


def _whole(stream: Stream, room: int, seqs: Numbers, bounds: list[int], window_ms: int) -> Iterator[Batch]:
    for first, stop in pairwise(bounds):
        window = int(stream.durable_s[seqs[first] - 1] * 1000) // window_ms
        released_s = (window + 1) * window_ms / 1000
        intended_s = stream.intended_s[seqs[first:stop] - 1]
        yield Batch(room, released_s, stop - first, stream.head(released_s), _points(intended_s))


def _points(ages: Array) -> Array:
    """The middles of equally many each."""
    if len(ages) <= POINTS_MAX:
        return ages
    middles = ((np.arange(POINTS_MAX) + 0.5) * len(ages) / POINTS_MAX).astype(np.int64)
    return np.sort(ages)[middles]


class _Sampling:
    """One room's budget, and what it shows when."""

    def __init__(self, stream: Stream, room: int, config: DisplayBudgetConfig) -> None:
        self._stream = stream
        self._room = room
        self._budget: DisplayBudget[int] = DisplayBudget(config)
        self._patience_s = config.window_ms / 1000 + config.patience_s

    def run(self, seqs: Numbers, at_ms: Numbers, bounds: list[int]) -> Iterator[Batch]:
        budget, durable_s = self._budget, self._stream.durable_s
        candidates = [
            Candidate(seq, seq, ms, str(seq), False) for seq, ms in zip(seqs.tolist(), at_ms.tolist(), strict=True)
        ]
        for first, stop in pairwise(bounds):
            start, now = candidates[first].seq, float(durable_s[candidates[first].seq - 1])
            if budget.deadline is not None and now >= budget.deadline:
                due_s = budget.deadline
                yield from self._batch(budget.flush(due_s), due_s, self._stream.head(due_s))
            shown = budget.offer_all(candidates[first:stop], now)
            yield from self._batch([each for each in shown if each.seq < start], now, start - 1)
            for each in shown:
                if each.seq >= start:  # in a calm window, at once
                    yield from self._batch([each], float(durable_s[each.seq - 1]), each.seq)
        end_s = float(durable_s[-1]) + self._patience_s
        yield from self._batch(budget.end(), end_s, len(self._stream))

    def _batch(self, shown: list[Candidate[int]], released_s: float, position: int) -> Iterator[Batch]:
        if shown:
            intended_s = self._stream.intended_s[np.array([each.item for each in shown]) - 1]
            yield Batch(self._room, released_s, len(shown), position, intended_s)
