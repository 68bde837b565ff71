"""A viewer's client: reads at its own rate, notices that its connection has ended, and comes back by its `Retry`."""

from collections.abc import Generator
from typing import Any

import simpy

from reference_impl.policy.retry import Retry
from simulation.model.event_loop import Steps
from simulation.model.explicit_edge import ExplicitEdge
from simulation.model.socket_viewer import Reading, SocketViewer


class ViewerClient:
    """``reconnects`` counts the ends of its connections, ``refused`` how often it was not let in again."""

    def __init__(
        self, env: simpy.Environment, edge: ExplicitEdge, viewer: SocketViewer, retry: Retry, reading: Reading
    ) -> None:
        self.viewer = viewer
        self.reconnects = self.refused = 0
        self._env = env
        self._edge = edge
        self._retry = retry
        self._reading = reading

    def follow(self) -> Steps:
        """Read a little at every tick, until the client gives up; only for one who does not read all at once."""
        viewer, reading = self.viewer, self._reading
        while True:
            stalled = reading.stalled(self._env.now)
            if not stalled:
                viewer.read(reading.bytes_per_s * reading.tick_s)
            viewer.at_once = reading.bytes_per_s == float("inf") and not stalled and viewer.read_up
            if not stalled:
                if viewer.writable:
                    self._env.process(self._edge.drain(viewer))
                if viewer.over and not (yield from self.come_back()):
                    return
            yield self._env.timeout(reading.tick_s)

    def come_back(self) -> Generator[simpy.Event, Any, bool]:
        """Try again until it has a connection; False when its attempts are spent."""
        self.viewer.hang_up()
        self.reconnects += 1
        while True:
            again_at = self._retry.failed(self._env.now)
            if again_at is None:
                return False
            yield self._env.timeout(again_at - self._env.now)
            if self._edge.admit():
                self._retry.succeeded()
                self._env.process(self._edge.join(self.viewer))
                return True
            self.refused += 1
