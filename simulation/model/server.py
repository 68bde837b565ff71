"""One server process and its clients: the rooms on one event loop, joined as the real server's wiring joins them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from random import Random

import simpy

from reference_impl.policy.batching import GroupCommitConfig
from reference_impl.policy.coalescing import CoalescingConfig
from reference_impl.policy.ordering import OrderingConfig
from reference_impl.policy.rate import RateConfig, RateLimiter
from simulation.model.api import Api
from simulation.model.broker import Broker
from simulation.model.client import Authors
from simulation.model.core import Core
from simulation.model.costs import Costs, FanOutCost
from simulation.model.edge import Edge
from simulation.model.event_loop import EventLoop, Steps
from simulation.model.hub import StreamHub
from simulation.model.log import Log, Stamps
from simulation.model.network import Network
from simulation.model.poller import Pollers
from simulation.model.remote_edges import RemoteEdge

NOBODY = FanOutCost(0.0, 0.0, 0.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Policies:
    """The configurations that the live server runs with."""

    rate: RateConfig
    coalescing: CoalescingConfig
    commits: GroupCommitConfig = field(default_factory=GroupCommitConfig)
    ordering: OrderingConfig = field(default_factory=OrderingConfig)


@dataclass(frozen=True, slots=True)
class Crowd:
    """Who watches: pushed to, at the server or spread over ``edges``, and asking once every ``poll_s``."""

    pushed: int
    edges: int = 0
    polling: int = 0
    poll_s: float = 1.0
    queued: bool = False  # each who is pushed to has a queue, and a task that writes


class Server:
    """Builds the rooms; run it by starting ``authors.run(schedule)`` and `watch`.

    Everything of the server's process shares one core, which is what the live engine gives it; edges are by turns on
    the other one and on this. One that begins where another was killed finds what that has ``stored``.
    """

    def __init__(
        self,
        env: simpy.Environment,
        policies: Policies,
        costs: Costs,
        crowd: Crowd,
        rng: Random,
        *,
        stored: Sequence[Stamps] = (),
        edge: Callable[[EventLoop], Edge] | None = None,
    ) -> None:
        costs = costs.near(crowd.pushed if not crowd.edges else -(-crowd.pushed // crowd.edges))
        self._env, self._costs, self._crowd, self._rng = env, costs, crowd, rng
        self._cores = Core(env), Core(env)
        self.core = self._cores[0]
        self.loop = EventLoop(env, core=self.core)
        own = self._fan_out(0 if crowd.edges else crowd.pushed)
        self.edge = edge(self.loop) if edge else Edge(env, self.loop, own, queued=crowd.queued)
        self.hub = StreamHub(
            env, self.loop, self.edge, policies.coalescing, policies.ordering,
            read=lambda missing: missing, slack=lambda: costs.timer_slack(rng), next_seq=len(stored) + 1,
        )  # fmt: skip
        self.broker = Broker(env, self.loop, self.hub, costs, rng, lambda: self.edge.idle_s)
        self.broker.published += stored
        self.broker.edges += [self._remote(policies, number) for number in range(crowd.edges)]
        self.log = Log(
            env, self.loop, policies.commits, lambda comments: costs.commit(env.now, self.edge.idle_s, comments, rng),
            self.broker.publish, self.core,
        )  # fmt: skip
        self.log.stored += stored
        self.pollers = Pollers(env, self.loop, self.broker.published, lambda gap_s, comments: costs.poll(rng))
        limiter = RateLimiter(policies.rate)
        self.api = Api(env, self.loop, Network(env), limiter, self.log, costs, rng)
        self.authors = Authors(env, self.api)

    def watch(self, until_s: float, posts: int) -> None:
        """Let those who poll begin; like the live ones they stay until they have every post that is not refused."""
        self.pollers.run(self._crowd.polling, self._crowd.poll_s, until_s, lambda: posts - self.api.rejected)

    def _remote(self, policies: Policies, number: int) -> RemoteEdge:
        costs, rng, crowd = self._costs, self._rng, self._crowd
        mine = crowd.pushed // crowd.edges + (number < crowd.pushed % crowd.edges)
        return RemoteEdge(
            self._env, self._cores[(number + 1) % 2], (policies.coalescing, policies.ordering), self._fan_out(mine),
            mine, hop=lambda: costs.edge_hop(rng), receive_s=costs.receive_s, slack=lambda: costs.timer_slack(rng),
            queued=crowd.queued,
        )  # fmt: skip

    def _fan_out(self, viewers: int) -> Callable[[float, int], FanOutCost]:
        if not viewers:
            return lambda gap_s, events: NOBODY
        return lambda gap_s, events: self._costs.fan_out(self._env.now, viewers, gap_s, events, self._rng)

    def stand_still(self, at_s: float, lasts_s: float) -> Steps:
        """The process is stopped: nothing of it progresses."""
        yield self._env.timeout(at_s - self._env.now)
        self.core.stall(lasts_s)

    def stalls(self, until_s: float) -> Steps:
        """Now and then the core stands still, which is nobody's doing here."""
        while self._costs.stalls_per_s and self._env.now < until_s:
            yield self._env.timeout(self._rng.expovariate(self._costs.stalls_per_s))
            self.core.stall(self._costs.stall(self._rng))
