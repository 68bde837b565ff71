"""The broker: brings what is durable to hub and edges, in commit order, and then lets the authors be answered."""

from collections.abc import Callable
from random import Random

import simpy

from simulation.model.costs import Costs
from simulation.model.event_loop import EventLoop, Steps
from simulation.model.hub import StreamHub
from simulation.model.log import Stamps
from simulation.model.remote_edges import RemoteEdge


class Broker:
    """``published`` holds the stamps of every comment in the order of its seq, which begins at 1.

    ``idle_s`` says how long ago the process's last fan-out ended.
    """

    def __init__(
        self,
        env: simpy.Environment,
        loop: EventLoop,
        hub: StreamHub,
        costs: Costs,
        rng: Random,
        idle_s: Callable[[], float],
    ) -> None:
        self._env = env
        self._loop = loop
        self._hub = hub
        self._costs = costs
        self._rng = rng
        self._idle_s = idle_s
        self.published: list[Stamps] = []
        self.edges: list[RemoteEdge] = []

    def publish(self, batch: list[Stamps]) -> Steps:
        """Hand a commit's comments over in a callback of their own, behind what else became ready meanwhile."""
        with self._loop.turn() as turn:
            yield turn
            answer_s = self._costs.answer(self._idle_s())
            yield from self._loop.hold(self._costs.hop(self._rng))
            for comment in batch:
                self.published.append(comment)
                comment.hub_s = self._env.now
                yield from self._loop.hold(self._costs.receive_s)
                yield from self._hub.receive(len(self.published))
        for edge in self.edges:
            self._env.process(edge.bring(range(len(self.published) - len(batch) + 1, len(self.published) + 1)))
        self._env.process(self._answer(batch, answer_s))

    def _answer(self, batch: list[Stamps], answer_s: float) -> Steps:
        yield from self._loop.run(answer_s * len(batch))
        for comment in batch:
            comment.answer()
