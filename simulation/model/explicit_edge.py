"""The explicit tier: an edge with an event for every delivery, and a state of its own for every viewer.

    ready    | its buffers take each frame whole
    behind   | it has a queue, under the server's backpressure policy, until its socket has drained
    catching | it has come (back) and is brought up to date from the resume ring, a slice as it takes them
    away     | its connection has ended; it comes back when the client's `Retry` says

A fan-out is one event that is put back into the environment's queue for each viewer in turn: a third of the time of a
process that sleeps, and still an event per delivery, between which anything else may happen. On a core that others use
too it is one piece of work, over which the deliveries are spread as they cost.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from itertools import accumulate
from typing import Any

import simpy

from reference_impl.policy.backpressure import BackpressureConfig, EdgeQueues
from reference_impl.policy.connections import ConnectionConfig, Connections
from reference_impl.policy.resume_ring import ResumeRing, ResumeRingConfig
from simulation.model.costs import EdgeCosts
from simulation.model.event_loop import EventLoop, Steps
from simulation.model.socket_viewer import Frame, SocketConfig, SocketViewer

SLICE_MAX = 100  # comments in one frame to a viewer that catches up
CATCH_UP_MAX = 1_000  # comments read from the log for one viewer; farther back it is told of a gap

Draw = Callable[[int, float], list[float]]
"""So many send times with that mean, in seconds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExplicitConfig:
    pressure: BackpressureConfig = field(default_factory=BackpressureConfig)
    edge_bytes: int = 64 * 1024 * 1024
    ring: ResumeRingConfig = field(default_factory=ResumeRingConfig)
    connections: ConnectionConfig = field(default_factory=ConnectionConfig)
    socket: SocketConfig = field(default_factory=SocketConfig)
    costs: EdgeCosts = field(default_factory=EdgeCosts)
    comment_bytes: int = 256  # on the wire
    frame_bytes: int = 10  # besides, for each frame


@dataclass(slots=True)
class Sweep:
    """One fan-out to those who were ready: ``times_s`` of the receipts of those who read at once."""

    frame: Frame
    start_s: float
    times_s: list[float]


class ExplicitEdge:
    """``draw`` gives the time of each send of a fan-out; without it all take the mean."""

    def __init__(
        self, env: simpy.Environment, loop: EventLoop, config: ExplicitConfig, draw: Draw | None = None
    ) -> None:
        self.queues: EdgeQueues[SocketViewer] = EdgeQueues(config.edge_bytes)
        self.connections = Connections(config.connections)
        self.viewers: list[SocketViewer] = []
        self.sweeps: list[Sweep] = []
        self.peak_bytes = 0
        self._env = env
        self._loop = loop
        self._config = config
        self._draw = draw or (lambda count, mean_s: [mean_s] * count)
        self._ring: ResumeRing[int] = ResumeRing(config.ring, position=0)
        self._ready: list[SocketViewer] = []
        self._behind: dict[SocketViewer, None] = {}

    def add(self, count: int) -> list[SocketViewer]:
        """Viewers that are there from the start."""
        config = self._config
        new = [SocketViewer(config.socket, config.pressure, self.queues) for _ in range(count)]
        self.viewers += new
        self._ready += new
        self.connections.viewers += count
        return new

    def broadcast(self, seqs: list[int]) -> Steps:
        """Write a batch to everybody; the caller has the loop's turn."""
        frame = self._frame(seqs[0], seqs[-1])
        for seq in seqs:
            self._ring.append(seq, self._config.comment_bytes, self._env.now)
        behind = tuple(self._behind)  # without those that fall behind now: they have their part
        yield from self._sweep(frame)
        for viewer in behind:
            viewer.deliver(frame)
        yield from self._loop.hold(self._config.costs.queue_s * len(behind))
        self._settle()

    def drain(self, viewer: SocketViewer) -> Steps:
        """A viewer's socket takes bytes again."""
        with self._loop.turn() as turn:
            yield turn
            yield from self._loop.hold(self._config.costs.queue_s)
            viewer.resume()
            if viewer in self._behind and not viewer.behind and viewer.open:
                del self._behind[viewer]
                self._ready.append(viewer)
            self._settle()

    def admit(self) -> bool:
        """Let one more connect, by the server's `Connections`; `join` is what comes next."""
        return self.connections.enter(None, self._env.now, joins=True) is None

    def join(self, viewer: SocketViewer) -> Steps:
        """Bring a viewer that was admitted from where it is to its place in the live stream."""
        viewer.open = True
        with self._loop.turn() as turn:
            yield turn
            yield from self._loop.hold(self._config.costs.connect_s)
        yield from self._catch_up(viewer)

    def drop(self, viewers: Sequence[SocketViewer]) -> None:
        """End connections that are in the stream, as a fault does."""
        gone = set(viewers)
        self._ready = [viewer for viewer in self._ready if viewer not in gone or self._leave(viewer)]
        for viewer in viewers:
            if viewer in self._behind:
                viewer.abort()
        self._settle()

    def _sweep(self, frame: Frame) -> Steps:
        """One write per ready viewer, in sequence."""
        ready = tuple(self._ready)
        if not ready:
            return
        sweep = Sweep(frame, self._env.now, [])
        self.sweeps.append(sweep)
        costs_s = self._draw(len(ready), self._config.costs.send(len(frame)))
        yield from (self._write_all if self._loop.shares_core else self._write_each)(ready, costs_s, sweep)
        self._fall_behind(viewer for viewer in ready if not viewer.at_once)

    def _write_all(self, ready: Sequence[SocketViewer], costs_s: list[float], sweep: Sweep) -> Steps:
        total_s = sum(costs_s)
        yield from self._loop.hold(total_s)
        stretch = (self._env.now - sweep.start_s) / total_s if total_s else 0.0
        for viewer, at_s in zip(ready, accumulate(costs_s), strict=True):
            self._write(viewer, sweep, sweep.start_s + stretch * at_s)

    def _write_each(self, ready: Sequence[SocketViewer], costs_s: list[float], sweep: Sweep) -> Steps:
        env, finished, at = self._env, self._env.event(), 0

        def send(event: simpy.Event) -> None:
            nonlocal at
            self._write(ready[at], sweep, env.now)
            at += 1
            if at < len(ready):
                event.callbacks = callbacks
                env.schedule(event, delay=costs_s[at])
            else:
                finished.succeed()

        callbacks: list[Callable[[Any], None]] = [send]
        first = env.timeout(costs_s[0])
        first.callbacks = callbacks
        yield finished
        self._loop.busy_s += env.now - sweep.start_s
        self._loop.active_at = env.now

    def _write(self, viewer: SocketViewer, sweep: Sweep, at_s: float) -> None:
        if viewer.at_once:
            viewer.take(sweep.frame)
            sweep.times_s.append(at_s + self._config.costs.lag_s)
        elif viewer.open:
            viewer.write(sweep.frame)

    def _catch_up(self, viewer: SocketViewer) -> Steps:
        position = viewer.position
        while True:
            if viewer.behind:
                viewer.drained = self._env.event()
                yield viewer.drained
            if not viewer.open:
                self.connections.leave(None)
                return
            with self._loop.turn() as turn:
                yield turn
                frame = self._next_slice(position)
                if frame is not None:
                    yield from self._loop.hold(self._config.costs.send(len(frame)))
                    position = frame.last
                    viewer.deliver(frame)
                self._settle()
                if position >= self._ring.position:  # nothing waits between this and its place
                    if viewer.behind:
                        self._behind[viewer] = None
                    else:
                        self._ready.append(viewer)
                    return

    def _next_slice(self, position: int) -> Frame | None:
        """What a viewer lacks next; what has left the ring comes from the log, unless it is too much."""
        if position >= self._ring.position:
            return None
        entries = self._ring.since(position, SLICE_MAX)
        if entries is not None:
            return self._frame(entries[0], entries[-1])
        oldest = self._ring.position - len(self._ring)
        if oldest - position > CATCH_UP_MAX:
            return Frame(position + 1, oldest, self._config.frame_bytes, missed=True)
        return self._frame(position + 1, min(position + SLICE_MAX, oldest))

    def _frame(self, first: int, last: int) -> Frame:
        config = self._config
        return Frame(first, last, config.frame_bytes + config.comment_bytes * (last - first + 1))

    def _fall_behind(self, viewers: Iterable[SocketViewer]) -> None:
        for viewer in viewers:
            if viewer.behind:
                self._ready.remove(viewer)
                self._behind[viewer] = None

    def _settle(self) -> None:
        """Let those go whose queues were too long, and note how long the queues are."""
        self.peak_bytes = max(self.peak_bytes, self.queues.total_bytes)
        for viewer in [viewer for viewer in self._behind if not viewer.open]:
            del self._behind[viewer]
            self.connections.leave(None)

    def _leave(self, viewer: SocketViewer) -> bool:
        viewer.abort()
        self.connections.leave(None)
        return False
