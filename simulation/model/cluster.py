"""A cluster of edges that are alike: one of them is run, with its rooms, for all.

Its rooms share one event loop, which takes what comes in order: a batch for a room is received, collected in the room's
`CoalescingWindow` and written to everybody in the room, one after another. A fan-out is one interval, as on a
`BatchEdge`. Who joins costs the loop a while, and is given what he has missed as far as the `ResumeRing` reaches; the
`Ladder` looks at the loop's lag once a second. Viewers of a room are a share of the edge's, so they may be fractions.
"""

import math
from collections import deque
from dataclasses import dataclass, field

import numpy as np

from reference_impl.policy.coalescing import CoalescingConfig, CoalescingWindow
from reference_impl.policy.connections import ConnectionConfig, Connections
from reference_impl.policy.degradation import DegradationConfig, Ladder, Relief, Rung, Signal
from reference_impl.policy.resume_ring import ResumeRing, ResumeRingConfig
from simulation.model.costs import EdgeCosts
from simulation.model.frames import Frames, Ledger, Traffic
from simulation.model.mixture import Array
from simulation.model.samples import Batch, Numbers, merged

CATCH_UP_COMMENTS = 100  # in one frame to a viewer that catches up


@dataclass(frozen=True, slots=True, kw_only=True)
class ClusterConfig:
    costs: EdgeCosts = field(default_factory=EdgeCosts)
    coalescing: CoalescingConfig = field(default_factory=CoalescingConfig)
    connections: ConnectionConfig = field(default_factory=ConnectionConfig)
    ring: ResumeRingConfig = field(default_factory=ResumeRingConfig)
    degradation: DegradationConfig = field(default_factory=DegradationConfig)
    comment_bytes: float = 339.0  # on the wire
    frame_bytes: float = 222.0  # besides, for each frame: its id and what was shed


@dataclass(frozen=True, slots=True)
class Away:
    """Viewers without an edge: how far each room of theirs had come, and when they lost it."""

    positions: Numbers
    since_s: float


class Cluster:
    """``shares`` are the rooms' shares of an edge's viewers, of shape (rooms,), in sum 1."""

    def __init__(self, name: str, edges: int, viewers: int, shares: Array, config: ClusterConfig) -> None:
        self.name = name
        self.edges = edges
        self.viewers = viewers
        self.frames = Frames()
        self.caught_up = Frames()  # what was given from the ring to those who came from elsewhere
        self.ledger = Ledger()
        self.traffic = Traffic()
        self.rungs: list[Rung] = []
        self.busy_s = 0.0
        self.up = True
        self._config = config
        self.shares = shares
        self._covered = np.zeros(len(shares), dtype=np.int64)
        self._windows: list[CoalescingWindow[tuple[float, Batch]]] = [
            CoalescingWindow(config.coalescing) for _ in shares
        ]
        self._due: dict[int, float] = {}  # rooms that collect, and when theirs is to be sent
        self._queue: deque[tuple[float, Batch]] = deque()
        self._connections = Connections(config.connections)
        self._connections.viewers = -(-viewers // edges)
        self._ring: ResumeRing[int] = ResumeRing(config.ring, position=0)  # of frames
        self._ladder = Ladder(config.degradation.ladder)
        self._relief = Relief()
        self._now = 0.0  # until when the loop is taken

    def receive(self, batch: Batch, arrives_s: float) -> None:
        self._queue.append((arrives_s, batch))
        self.traffic.arrivals_s.append(arrives_s)

    def work(self, until_s: float) -> None:
        """Do what the loop begins before then."""
        while self._queue and max(self._now, self._queue[0][0]) < until_s:
            arrived_s, batch = self._queue.popleft()
            self._flush(arrived_s)
            self._spend(max(self._now, arrived_s), self._config.costs.receive_s * batch.comments)
            window = self._windows[batch.room]
            self._send(window.offer_all([(arrived_s, batch)], self._now))
            if window.deadline is not None:
                self._due[batch.room] = window.deadline
        if self._now < until_s:
            self._flush(until_s)

    def join(self, count: int, now_s: float, away: Away) -> int:
        """Let in as many as the edges' `Connections` do, and bring them up to date; answer how many."""
        each = self._connections.enter_all(-(-count // self.edges), now_s)
        entered = min(count, each * self.edges)
        if entered:
            self._catch_up(entered, now_s, away)
            self.viewers += entered
        return entered

    def lose(self, now_s: float) -> Away:
        """All edges end at once, and nothing that waits is sent any more."""
        self.up = False
        self.traffic.abandon(now_s)
        self._queue.clear()
        self._due.clear()
        self.viewers = 0
        return Away(self._covered.copy(), now_s)

    def sample(self, now_s: float) -> None:
        """Once a second: for how long the loop has let wait what is next decides on the ladder's rung."""
        config = self._config.degradation
        lag_s = max(0.0, now_s - self._queue[0][0]) if self._queue else 0.0
        rung = self._ladder.sample([Signal(lag_s / config.lag_max_s, Rung.SMALL_BUDGET)], now_s)
        self._relief = config.relief(rung)
        self.rungs.append(rung)
        for window in self._windows:
            window.factor = self._relief.window_factor

    def settle(self, head: int) -> None:
        """The run is over: everybody here is told of all that was left out since the last frame."""
        rest = head - self._covered
        self.ledger.shed += float(self.viewers * self.shares @ rest)
        self._covered[:] = head

    def _flush(self, until_s: float) -> None:
        """Send what windows have collected and is due before then: timers go before what comes later."""
        while self._due:
            due_s, room = min((at_s, room) for room, at_s in self._due.items())
            if due_s >= until_s:
                return
            self._now = max(self._now, due_s)
            del self._due[room]
            self._send(self._windows[room].flush(self._now))

    def _spend(self, start_s: float, duration_s: float) -> None:
        self._now = start_s + duration_s
        self.busy_s += duration_s

    def _send(self, waiting: list[tuple[float, Batch]]) -> None:
        """Write what has waited in a room as one frame."""
        if not waiting:
            return
        batch = merged([each for _, each in waiting])
        self._due.pop(batch.room, None)
        self._write(batch)
        self._windows[batch.room].sent(self._now)
        for arrived_s, _ in waiting:
            self.traffic.leave(arrived_s, self._now)

    def _write(self, batch: Batch) -> None:
        room, config = batch.room, self._config
        kept = batch.comments
        if self._relief.budget_factor < 1:
            kept = max(1, int(kept * self._relief.budget_factor))
        viewers = self.viewers * float(self.shares[room])
        start_s, new = self._now, batch.position - int(self._covered[room])
        self._spend(start_s, viewers / self.edges * config.costs.send(kept))
        self._covered[room] = batch.position
        self.ledger.delivered += viewers * kept
        self.ledger.shed += viewers * (new - kept)
        size_bytes = viewers * (config.frame_bytes + config.comment_bytes * kept)
        self.frames.add(batch, kept, (start_s, self._now - start_s), viewers, size_bytes)
        self._ring.append(batch.position, round(config.comment_bytes * kept), start_s)

    def _catch_up(self, viewers: int, now_s: float, away: Away) -> None:
        """Give them what is in the ring of what they lack; what has left it they are told of, and miss."""
        lacked = self._covered - away.positions
        held, missed = self.frames.lacking(len(self._ring), self.shares, away.positions, away.since_s)
        costs, slices = self._config.costs, math.ceil(held.comments / CATCH_UP_COMMENTS)
        start_s = max(self._now, now_s)
        each_s = costs.connect_s + costs.send_s * slices + costs.comment_s * held.comments
        self._spend(start_s, viewers / self.edges * each_s)
        size_bytes = viewers * (slices * self._config.frame_bytes + held.comments * self._config.comment_bytes)
        self.caught_up.catch_up(held, (start_s, self._now - start_s), viewers, size_bytes)
        self.ledger.delivered += viewers * held.comments
        self.ledger.missed += viewers * missed
        self.ledger.shed += viewers * (float(self.shares @ np.maximum(lacked, 0)) - held.comments - missed)
        self.ledger.repeated += viewers * float(self.shares @ np.maximum(-lacked, 0))
