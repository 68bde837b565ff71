"""The hybrid tier: a crowd that keeps up as one interval per fan-out, and an explicit minority that may not."""

import simpy

from simulation.model.edge import FanOut
from simulation.model.event_loop import EventLoop, Steps
from simulation.model.explicit_edge import Draw, ExplicitConfig, ExplicitEdge
from simulation.model.socket_viewer import Frame


class HybridEdge(ExplicitEdge):
    """``crowd`` viewers take everything at once; those that are added besides have a state of their own."""

    def __init__(
        self, env: simpy.Environment, loop: EventLoop, config: ExplicitConfig, crowd: int, draw: Draw | None = None
    ) -> None:
        super().__init__(env, loop, config, draw)
        self.connections.viewers += crowd
        self.crowd = crowd
        self.fan_outs: list[FanOut] = []

    def _sweep(self, frame: Frame) -> Steps:
        cost = self._config.costs.fan_out(self.crowd, len(frame))
        self.fan_outs.append(FanOut(list(range(frame.first, frame.last + 1)), self._env.now, cost))
        yield from self._loop.hold(cost.duration_s)
        yield from super()._sweep(frame)
