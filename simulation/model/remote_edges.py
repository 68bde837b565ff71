"""Edges behind a broker: what is published comes to each of them after a hop, on a loop of its own."""

from collections.abc import Callable, Sequence

import simpy

from reference_impl.policy.coalescing import CoalescingConfig
from reference_impl.policy.ordering import OrderingConfig
from simulation.model.core import Core
from simulation.model.costs import FanOutCost
from simulation.model.edge import Edge
from simulation.model.event_loop import EventLoop, Steps
from simulation.model.hub import StreamHub


class RemoteEdge:
    """``hop`` draws how long a message takes here; ``receive_s`` is what each costs the loop."""

    def __init__(
        self,
        env: simpy.Environment,
        core: Core,
        policies: tuple[CoalescingConfig, OrderingConfig],
        fan_out: Callable[[float, int], FanOutCost],
        viewers: int,
        *,
        hop: Callable[[], float],
        receive_s: float,
        slack: Callable[[], float],
        queued: bool = False,
    ) -> None:
        self.viewers = viewers
        self.loop = EventLoop(env, core=core)
        self.edge = Edge(env, self.loop, fan_out, queued=queued)
        self._hub = StreamHub(env, self.loop, self.edge, *policies, read=lambda missing: missing, slack=slack)
        self._env = env
        self._hop = hop
        self._receive_s = receive_s

    def bring(self, seqs: Sequence[int]) -> Steps:
        """Take messages that were published together."""
        yield self._env.timeout(self._hop())
        with self.loop.turn() as turn:
            yield turn
            for seq in seqs:
                yield from self.loop.hold(self._receive_s)
                yield from self._hub.receive(seq)
