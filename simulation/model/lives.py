"""A server that is killed and started again: one life after another, on one log, with clients that stay."""

from collections.abc import Sequence
from random import Random

import numpy as np
import simpy

from reference_impl.policy.backpressure import BackpressureConfig
from reference_impl.policy.retry import Retry, RetryConfig
from simulation.model.costs import Costs, FanOutCost
from simulation.model.event_loop import EventLoop, Steps
from simulation.model.log import Stamps
from simulation.model.restarts import Process
from simulation.model.server import NOBODY, Crowd, Policies, Server
from simulation.model.slow_watchers import SlowWatchers
from simulation.model.watchers import COMMENT_BYTES, Returning, WatchedEdge, Watchers
from simulation.trace import Post


class Lives(Process):
    """``servers``: each life's; the last one is the one that is up, if any is. ``piece_s``: of a proxy before it."""

    def __init__(
        self,
        env: simpy.Environment,
        policies: Policies,
        costs: Costs,
        viewers: int,
        reconnects: RetryConfig,
        rng: Random,
        until_s: float,
        piece_s: float = 0.0,
    ) -> None:
        super().__init__(env)
        self._policies, self._costs, self._rng, self._until_s = policies, costs, rng, until_s
        self.watchers = Watchers(viewers, piece_s, np.random.default_rng(rng.getrandbits(64)))
        self.returning = Returning(env, self, lambda viewer: Retry(reconnects, rng))
        self._reconnects = reconnects
        self.servers: list[Server] = []
        self._begin()
        self.edge.take_in(range(viewers))

    @property
    def server(self) -> Server:
        return self.servers[-1]

    @property
    def edge(self) -> WatchedEdge:
        return self._edge

    def kill(self) -> None:
        """What it held in memory is gone; its viewers notice at once, since their kernel tells them."""
        self.server.loop.kill()
        super().kill()
        self.returning.begin(self.edge.cut(range(len(self.watchers.positions))))

    def start(self, start_s: float) -> Steps:
        yield from super().start(start_s)
        self._begin()

    def storm(self, viewers: Sequence[int], rng: Random | None) -> None:
        """Cut viewers off; with an ``rng`` of their own they come back by that."""
        anew = None if rng is None else lambda viewer: Retry(self._reconnects, rng)
        self.returning.begin(self.edge.cut(viewers), anew)

    def slow_down(self, viewers: Sequence[int], pressure: BackpressureConfig, kernel_bytes: int) -> None:
        """They stop reading, until `speed_up`."""
        self.edge.slow_down(SlowWatchers(self.env, self.watchers, pressure, kernel_bytes, COMMENT_BYTES), viewers)

    def speed_up(self) -> Steps:
        yield from self.edge.speed_up(self.returning.begin)

    def _begin(self) -> None:
        stored = self.server.log.stored if self.servers else []
        server = Server(
            self.env, self._policies, self._costs, Crowd(len(self.watchers.positions)), self._rng,
            stored=stored, edge=lambda loop: self._watched(loop, len(stored)),
        )  # fmt: skip
        self.servers.append(server)
        self.env.process(server.stalls(self._until_s))

    def _watched(self, loop: EventLoop, position: int) -> WatchedEdge:
        joining_s = self._costs.join_s, self._costs.catch_up_s
        self._edge = WatchedEdge(self.env, loop, self.watchers, self._fan_out, joining_s, position)
        return self._edge

    def _fan_out(self, viewers: int, gap_s: float, events: int) -> FanOutCost:
        if not viewers:
            return NOBODY
        return self._costs.fan_out(self.env.now, viewers, gap_s, events, self._rng)


class KeyedAuthors:
    """Post open loop, and try again with the same key when the server went away: ``retried`` counts these tries."""

    def __init__(self, lives: Lives, retry: RetryConfig, rng: Random) -> None:
        self._env = lives.env
        self._lives = lives
        self._retry = retry
        self._rng = rng
        self.retried = self.failed = 0

    def run(self, schedule: Sequence[Post]) -> Steps:
        for post in schedule:
            yield self._env.timeout(max(0.0, post.at_s - self._env.now))
            self._env.process(self._post(post))

    def _post(self, post: Post) -> Steps:
        retry, stamps = Retry(self._retry, self._rng), Stamps(post.at_s, answered=self._env.event())
        assert stamps.answered is not None
        while True:
            if self._lives.up:
                self._env.process(self._lives.server.api.post(post, stamps))
                yield stamps.answered | self._lives.down
            if stamps.answered.triggered:
                return
            again_at = retry.failed(self._env.now)
            if again_at is None:
                self.failed += 1
                return
            self.retried += 1
            yield self._env.timeout(again_at - self._env.now)
