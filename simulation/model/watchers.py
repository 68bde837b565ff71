"""Viewers one by one: who is there, what each has had and when, and how they come back when they were cut off."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import simpy
from numpy.typing import NDArray

from reference_impl.policy.resume_ring import ResumeRing, ResumeRingConfig
from reference_impl.policy.retry import Retry
from simulation.model.costs import FanOutCost
from simulation.model.edge import Edge
from simulation.model.event_loop import EventLoop, Steps

SLICE_MAX = 100  # comments in one frame to a viewer that catches up
COMMENT_BYTES = 256

Numbers = NDArray[np.int64]
Times = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Received:
    """Comments ``firsts .. last``, which so many ``viewers`` had at ``times_s``: an item for each of them."""

    viewers: Numbers
    firsts: Numbers
    last: int
    times_s: Times


class Way:
    """The network from the server to each of them; what is on it arrives, in order.

    ``piece_s`` is what a proxy on it takes to pass on one viewer's part of a fan-out, one after another.
    """

    def __init__(self, count: int, piece_s: float, rng: np.random.Generator) -> None:
        self._piece_s = piece_s
        self.delay_s = self.jitter_s = 0.0
        self.passes_at = 0.0  # nothing arrives before that
        self._rng = rng
        self._arrived_s = np.zeros(count)

    def arrivals(self, viewers: Numbers, sent_s: Times) -> Times:
        """When what is sent now arrives at each of the viewers."""
        ahead_s = np.arange(len(sent_s)) * self._piece_s
        passed_s = np.maximum.accumulate(sent_s - ahead_s) + ahead_s + self._piece_s  # Lindley's recursion
        due_s = passed_s + self.delay_s + self.jitter_s * self._rng.random(len(sent_s))
        arrived_s: Times = np.maximum(np.maximum(due_s, self.passes_at), self._arrived_s[viewers])
        self._arrived_s[viewers] = arrived_s
        return arrived_s


class Watchers:
    """``positions``: the last comment that each has, or is on its way. What comes is judged as a live viewer does."""

    def __init__(self, count: int, piece_s: float, rng: np.random.Generator) -> None:
        self.way = Way(count, piece_s, rng)
        self.positions: Numbers = np.zeros(count, dtype=np.int64)
        self.received: list[Received] = []
        self.skipped_over = self.duplicated = self.skipped = 0

    def take(self, viewers: Numbers, first: int, last: int, times_s: Times) -> None:
        """A frame with the comments ``first .. last`` is sent to each of them at its time."""
        had = self.positions[viewers]
        self.skipped_over += int(np.maximum(0, first - had - 1).sum())
        self.duplicated += int(np.clip(had - first + 1, 0, last - first + 1).sum())
        self.received.append(Received(viewers, np.maximum(first, had + 1), last, self.way.arrivals(viewers, times_s)))
        self.positions[viewers] = np.maximum(had, last)

    def skip(self, viewers: Numbers, last: int) -> None:
        """They are told that what they lack up to ``last`` will not come."""
        self.skipped += int(np.maximum(0, last - self.positions[viewers]).sum())
        self.positions[viewers] = np.maximum(self.positions[viewers], last)

    def lost(self, head: int) -> int:
        return self.skipped_over + int((head - self.positions).sum())


class SlowReaders(Protocol):
    """Those who do not read for a while, and what becomes of what is for them."""

    def stop_reading(self, viewers: Sequence[int]) -> None: ...

    def deliver(self, seqs: Sequence[int]) -> None: ...

    def read_again(self) -> Iterable[tuple[int, bool]]: ...


class WatchedEdge(Edge):
    """An edge that knows who is there. ``ring`` begins where the log ends when it starts."""

    def __init__(
        self,
        env: simpy.Environment,
        loop: EventLoop,
        watchers: Watchers,
        cost: Callable[[int, float, int], FanOutCost],
        joining_s: tuple[float, float],
        position: int,
    ) -> None:
        super().__init__(env, loop, lambda gap_s, events: cost(len(self._there), gap_s, events))
        self._watchers = watchers
        self._join_s, self._catch_up_s = joining_s
        self._there: dict[int, None] = {}
        self._ring: ResumeRing[int] = ResumeRing(ResumeRingConfig(), position)
        self._slow: SlowReaders | None = None

    def take_in(self, viewers: Sequence[int]) -> None:
        self._there.update(dict.fromkeys(viewers))

    def broadcast(self, seqs: list[int]) -> Steps:
        """Write a batch to everybody who is there; who is cut off meanwhile has not had it."""
        for seq in seqs:
            self._ring.append(seq, COMMENT_BYTES, self._env.now)
        there = list(self._there)
        yield from super().broadcast(seqs)
        fan_out = self.fan_outs[-1]
        ranks = (np.arange(len(there)) + 0.5) / max(1, len(there))
        times_s = fan_out.start_s + fan_out.cost.first_lag_s + ranks * fan_out.cost.span_s
        still = np.array([viewer in self._there for viewer in there], dtype=bool)
        self._watchers.take(np.array(there, dtype=np.int64)[still], seqs[0], seqs[-1], times_s[still])
        if self._slow is not None:
            self._slow.deliver(seqs)

    def cut(self, viewers: Sequence[int]) -> list[int]:
        """End their connections; the answer is who had one."""
        cut = [viewer for viewer in viewers if viewer in self._there]
        for viewer in cut:
            del self._there[viewer]
        return cut

    def slow_down(self, slow: "SlowReaders", viewers: Sequence[int]) -> None:
        """Have them stop reading, of those that are there."""
        self._slow = slow
        slow.stop_reading(self.cut(viewers))

    def speed_up(self, gone: Callable[[list[int]], None]) -> Steps:
        """Have them read again; ``gone`` is told who finds that the server has let him go."""
        with self._loop.turn() as turn:
            yield turn
            assert self._slow is not None
            read = list(self._slow.read_again())
            self._slow = None
            self.take_in([viewer for viewer, there in read if there])
            gone([viewer for viewer, there in read if not there])

    def join(self, viewer: int) -> Steps:
        """Let a viewer in, and bring it to its place in the stream: of a crowd all are let in before any is brought."""
        yield from self._loop.run(self._join_s)
        position = int(self._watchers.positions[viewer])
        while True:
            with self._loop.turn() as turn:
                yield turn
                last = min(position + SLICE_MAX, self._ring.position)
                if last > position:
                    yield from self._loop.hold(self._catch_up_s)
                    self._watchers.take(np.array([viewer]), position + 1, last, np.array([self._env.now]))
                    position = last
                if position >= self._ring.position:  # nothing waits between this and its place
                    self._there[viewer] = None
                    return


class Place(Protocol):
    """Where viewers come back to: whether it is up, the event of its end, and its edge."""

    up: bool
    down: simpy.Event

    @property
    def edge(self) -> WatchedEdge: ...


class Returning:
    """Those who were cut off come back as their retries say; ``reconnects`` counts the tries."""

    def __init__(self, env: simpy.Environment, place: Place, retry: Callable[[int], Retry]) -> None:
        self._env = env
        self._place = place
        self._retry = retry
        self._retries: dict[int, Retry] = {}
        self.reconnects = 0

    def begin(self, viewers: Sequence[int], retry: Callable[[int], Retry] | None = None) -> None:
        for viewer in viewers:
            if retry is not None or viewer not in self._retries:
                self._retries[viewer] = (retry or self._retry)(viewer)
            self._env.process(self._come_back(viewer))

    def _come_back(self, viewer: int) -> Steps:
        retry = self._retries[viewer]
        while True:
            again_at = retry.failed(self._env.now)
            if again_at is None:
                return
            self.reconnects += 1
            yield self._env.timeout(again_at - self._env.now)
            if self._place.up:
                joining: Any = self._env.process(self._place.edge.join(viewer))
                yield joining | self._place.down
                if joining.triggered:
                    retry.succeeded()
                    return
