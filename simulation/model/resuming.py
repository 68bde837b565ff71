"""Viewers whose connections are cut, at an edge that has the log behind it and at a relay that has nothing."""

from collections.abc import Callable
from random import Random

import simpy

from simulation.model.edge_process import EdgeCosts, EdgeProcess, Viewer
from simulation.model.event_loop import EventLoop, Steps

Seen = Callable[[int, int, float], None]
"""Told of every (viewer, event, time)."""


class ResumingEdge(EdgeProcess):
    """``resumes_at`` answers, by a viewer's number, the position that it comes back with: it is sent all after that."""

    def __init__(
        self,
        env: simpy.Environment,
        viewers: list[Viewer],
        costs: EdgeCosts,
        head: Callable[[], int],
        seen: Seen,
        heads_s: float,
        rng: Random,
        resumes_at: Callable[[int], int],
    ) -> None:
        super().__init__(env, viewers, costs, head, seen, heads_s, rng)
        self._resumes_at = resumes_at

    def cut(self, number: int) -> None:
        """End a viewer's connection, if it has one."""
        if viewer := self.connected.pop(number, None):
            self.env.process(self._come_back(viewer))

    def _join(self, viewer: Viewer) -> Steps:
        viewer.position = self._resumes_at(viewer.number)
        yield from super()._join(viewer)


class Relay:
    """Passes on what the broker brings to whoever is there; whoever comes back begins with what comes next."""

    def __init__(
        self,
        env: simpy.Environment,
        viewers: list[Viewer],
        join_s: Callable[[], float],
        send_s: float,
        seen: Seen,
    ) -> None:
        self.joins_s: list[float] = []
        self.connected = {viewer.number: viewer for viewer in viewers}
        self.loop = EventLoop(env)
        self._env = env
        self._join_s = join_s
        self._send_s = send_s
        self._seen = seen

    def receive(self, seq: int) -> None:
        self._env.process(self._pass_on(seq))

    def cut(self, number: int) -> None:
        """End a viewer's connection, if it has one."""
        if viewer := self.connected.pop(number, None):
            self._env.process(self._come_back(viewer))

    def _pass_on(self, seq: int) -> Steps:
        with self.loop.turn() as turn:
            yield turn
            viewers = list(self.connected)
            yield from self.loop.hold(self._send_s * len(viewers))
        for viewer in viewers:
            self._seen(viewer, seq, self._env.now)

    def _come_back(self, viewer: Viewer) -> Steps:
        yield self._env.timeout(viewer.retry.failed(0.0) or 0.0)
        yield from self.loop.run(self._join_s())
        viewer.retry.succeeded()
        self.joins_s.append(self._env.now)
        self.connected[viewer.number] = viewer
