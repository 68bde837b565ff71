"""One server process and its clients: the rooms on one event loop, joined as the real server's wiring joins them."""

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
from simulation.model.costs import Costs
from simulation.model.edge import Edge
from simulation.model.event_loop import EventLoop, Steps
from simulation.model.hub import StreamHub
from simulation.model.log import Log
from simulation.model.network import Network


@dataclass(frozen=True, slots=True, kw_only=True)
class Policies:
    """The configurations that the live server runs with."""

    rate: RateConfig
    coalescing: CoalescingConfig
    commits: GroupCommitConfig = field(default_factory=GroupCommitConfig)
    ordering: OrderingConfig = field(default_factory=OrderingConfig)


class Server:
    """Builds the rooms; run it by starting ``authors.run(schedule)``.

    Everything of the process shares one core, which is what the live engine gives it.
    """

    def __init__(self, env: simpy.Environment, policies: Policies, costs: Costs, viewers: int, rng: Random) -> None:
        self.core = Core(env)
        self.loop = EventLoop(env, core=self.core)
        self.edge = Edge(env, self.loop, lambda gap_s, events: costs.fan_out(env.now, viewers, gap_s, events, rng))
        self.hub = StreamHub(
            env, self.loop, self.edge, policies.coalescing, policies.ordering,
            read=lambda missing: missing, slack=lambda: costs.timer_slack(rng),
        )  # fmt: skip
        self.broker = Broker(env, self.loop, self.hub, costs, rng)
        self.log = Log(
            env, self.loop, policies.commits, lambda comments: costs.commit(env.now, comments, rng),
            self.broker.publish, self.core,
        )  # fmt: skip
        limiter = RateLimiter(policies.rate)
        self.api = Api(env, self.loop, Network(env), limiter, self.log, costs, rng)
        self.authors = Authors(env, self.api)
        self._env = env
        self._costs = costs
        self._rng = rng

    def stand_still(self, at_s: float, lasts_s: float) -> Steps:
        """The process is stopped: nothing of it progresses."""
        yield self._env.timeout(at_s - self._env.now)
        self.core.stall(lasts_s)

    def stalls(self, until_s: float) -> Steps:
        """Now and then the core stands still, which is nobody's doing here."""
        while self._costs.stalls_per_s and self._env.now < until_s:
            yield self._env.timeout(self._rng.expovariate(self._costs.stalls_per_s))
            self.core.stall(self._costs.stall(self._rng))
