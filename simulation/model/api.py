"""The API and its write path: receive, admit by the server's `RateLimiter`, hand to the log."""

from random import Random

import simpy

from reference_impl.policy.rate import RateLimiter
from simulation.model.costs import Costs
from simulation.model.event_loop import EventLoop, Steps
from simulation.model.log import Log, Stamps
from simulation.model.network import Network
from simulation.trace import Post


class Api:
    """``rejected`` counts what was refused: the author's rate, or a full queue of the log."""

    def __init__(
        self,
        env: simpy.Environment,
        loop: EventLoop,
        network: Network,
        limiter: RateLimiter,
        log: Log,
        costs: Costs,
        rng: Random,
    ) -> None:
        self._env = env
        self._loop = loop
        self._network = network
        self._limiter = limiter
        self._log = log
        self._costs = costs
        self._rng = rng
        self.rejected = 0

    def post(self, post: Post, stamps: Stamps | None = None) -> Steps:
        """One request, until it waits for the log; made again it has the same ``stamps``, as it has its key."""
        now = self._env.now
        idle_s = 0.0 if self._loop.inside else now - self._loop.active_at
        cost = self._costs.post(now, idle_s, self._rng)
        yield from self._network.to_server(cost.ingress_s)
        yield from self._loop.run(0.0)  # it is read, and handled behind whatever was read with it
        with self._loop.turn() as turn:
            yield turn
            yield from self._loop.hold(cost.api_s)
            self._append(post.author, stamps or Stamps(post.at_s))

    def _append(self, author: str, stamps: Stamps) -> None:
        now = self._env.now
        if stamps.stored:
            stamps.answer()  # as the first time, or as it would have been
            return
        stamps.admitted_s = now
        if not self._limiter.admit(author, now).admitted or not self._log.append(stamps):
            self.rejected += 1
            stamps.answer()
