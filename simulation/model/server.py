"""One server process: api and write path, log, broker and hub on one event loop, joined as the real one is."""

from dataclasses import dataclass, field
from random import Random

import simpy

from reference_impl.policy.batching import GroupCommitConfig
from reference_impl.policy.coalescing import CoalescingConfig
from reference_impl.policy.ordering import OrderingConfig
from reference_impl.policy.rate import RateConfig, RateLimiter
from simulation.calibration import Calibration
from simulation.model.edge import Edge
from simulation.model.event_loop import EventLoop, Steps
from simulation.model.hub import StreamHub
from simulation.model.log import Log, Stamps
from simulation.trace import Post


@dataclass(frozen=True, slots=True, kw_only=True)
class Policies:
    """The configurations that the live server runs with."""

    rate: RateConfig
    coalescing: CoalescingConfig
    commits: GroupCommitConfig = field(default_factory=GroupCommitConfig)
    ordering: OrderingConfig = field(default_factory=OrderingConfig)


class Server:
    """``comments`` holds the stamps of what was accepted, in the order of seq, which begins at 1."""

    def __init__(self, env: simpy.Environment, policies: Policies, calibration: Calibration, rng: Random) -> None:
        self._env = env
        self._calibration = calibration
        self._rng = rng
        self._limiter = RateLimiter(policies.rate)
        self.loop = EventLoop(env)
        self.edge = Edge(env, self.loop, lambda gap_s, events: calibration.fan_out(gap_s, events, rng))
        self.log = Log(env, self.loop, policies.commits, self._commit_s, self._publish)
        self.hub = StreamHub(
            env, self.loop, self.edge, policies.coalescing, policies.ordering,
            read=lambda missing: missing, slack=lambda: calibration.timer_slack(rng),
        )  # fmt: skip
        self.comments: list[Stamps] = []
        self.rejected = 0

    def post(self, post: Post) -> Steps:
        """The whole way of one comment, from when it was meant to go to its answer."""
        yield self._env.timeout(post.at_s)
        cost = self._calibration.post(self._env.now - self.loop.active_at, self._rng)
        yield self._env.timeout(cost.ingress_s)
        with self.loop.turn() as turn:
            yield turn
            yield from self.loop.hold(cost.api_s)
            self._admit(post)

    def _admit(self, post: Post) -> None:
        comment = Stamps(post.at_s, admitted_s=self._env.now)
        if not self._limiter.admit(post.author, self._env.now).admitted or not self.log.append(comment):
            self.rejected += 1

    def _commit_s(self, comments: int) -> float:
        return self._calibration.commit(comments, self._rng)

    def _publish(self, batch: list[Stamps]) -> Steps:
        """Hand what is durable to the hub, through the in-process broker, and answer the authors after that."""
        yield from self.loop.hold(self._calibration.hop(self._rng))
        for comment in batch:
            self.comments.append(comment)
            comment.hub_s = self._env.now
            yield from self.hub.receive(len(self.comments))
        self._env.process(self.loop.run(self._calibration.answer_s * len(batch)))
