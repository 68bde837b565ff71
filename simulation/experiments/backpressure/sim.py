"""The model of a case: the server's write path and hub, and the explicit tier of its edge, with measured costs."""

from collections.abc import Mapping
from random import Random
from typing import Any

import numpy as np
import simpy

from reference_impl.policy.backpressure import BackpressureConfig, Ending
from reference_impl.policy.batching import GroupCommitConfig
from reference_impl.policy.coalescing import CoalescingConfig
from reference_impl.policy.ordering import OrderingConfig
from reference_impl.policy.rate import RateConfig, RateLimiter
from reference_impl.policy.retry import Retry, RetryConfig
from simulation.experiments.backpressure.plan import LOOK_S, SETTLE_S, Case, readings
from simulation.model.core import Core
from simulation.model.costs import CommitCost, EdgeCosts
from simulation.model.event_loop import EventLoop, Steps
from simulation.model.explicit_edge import ExplicitConfig, ExplicitEdge
from simulation.model.hub import StreamHub
from simulation.model.log import Log, Stamps
from simulation.model.socket_viewer import SocketConfig
from simulation.model.viewer_client import ViewerClient
from simulation.replications import Streams

RETRY = RetryConfig(base_s=0.2, cap_s=5.0)
FRAME_BYTES = 10


class Modelled:
    """``costs`` are those of the case's kind: a server that has time, or one that is busy; either has one core."""

    def __init__(self, case: Case, costs: Mapping[str, Any], streams: Streams) -> None:
        self.case = case
        self.env = simpy.Environment()
        self.appends_s: list[float] = []
        self.published: list[Stamps] = []
        self.refused = self.queued_peak_bytes = 0
        self._costs = costs
        self._services = streams.random("services")
        self._connections = simpy.Resource(self.env, case.connections)
        self._limiter = RateLimiter(RateConfig(burst=case.rate[0], period_s=case.rate[1]))
        self._answered: dict[int, simpy.Event] = {}
        self.took_s = 0.0
        core = Core(self.env)
        self.loop = EventLoop(self.env, core=core)
        self._kind = ""  # of the callback that had the loop last
        self.edge = ExplicitEdge(self.env, self.loop, self._edge_config(), self._sends_s)
        self._hub = StreamHub(
            self.env, self.loop, self.edge, CoalescingConfig(window_s=case.window_ms / 1e3), OrderingConfig(),
            read=lambda missing: missing, slack=lambda: float(costs["slack_s"]),
        )  # fmt: skip
        self._log = Log(self.env, self.loop, GroupCommitConfig(), self._commit, self._publish, core)
        self.edge.add(case.viewers - case.slow)
        self.clients = [
            ViewerClient(
                self.env, self.edge, viewer, Retry(RETRY, Random(streams.replication * 1_000 + number)), reading
            )
            for number, (viewer, reading) in enumerate(zip(self.edge.add(case.slow), readings(case), strict=True))
        ]

    def run(self) -> None:
        """All posts to their end; slow readers until they are counted, a little after the last post was due."""
        for client in self.clients:
            self.env.process(client.follow())
        self.env.process(self._authors())
        self.env.process(self._look())
        self.env.run(until=self.case.seconds + SETTLE_S)
        while not self.case.slow and len(self.appends_s) + self.refused < self.case.posts:
            self.env.run(until=self.env.now + SETTLE_S)

    def fast_p99_s(self) -> float:
        intended_s = np.array([stamps.intended_s for stamps in self.published])
        waits = [
            np.subtract.outer(np.array(sweep.times_s), intended_s[sweep.frame.first - 1 : sweep.frame.last]).ravel()
            for sweep in self.edge.sweeps
        ]
        return float(np.quantile(np.concatenate(waits), 0.99))

    def _edge_config(self) -> ExplicitConfig:
        costs, case = self._costs, self.case
        ending = Ending(case.ending)
        return ExplicitConfig(
            pressure=BackpressureConfig(queue_bytes=case.queue_bytes, ending=ending),
            socket=SocketConfig(
                kernel_bytes=costs["kernel_bytes"], resume_bytes=costs["resume_bytes"]
            ),
            costs=EdgeCosts(
                send_s=costs["send_s"], comment_s=costs["comment_s"], lag_s=costs["lag_s"], connect_s=costs["connect_s"]
            ),
            comment_bytes=round(costs["comment_bytes"]), frame_bytes=FRAME_BYTES,
        )  # fmt: skip

    def _commit(self, comments: int) -> CommitCost:
        """A lone commit as it was measured from outside, and more for each further comment; it computes on the core."""
        costs, took_s, more = self._costs, self._draw("commit_s"), comments - 1
        work_s = min(took_s, costs["commit_work_s"])
        return CommitCost(0.0, 0.0, work_s + costs["row_s"] * more, took_s - work_s + costs["row_sync_s"] * more)

    def _sends_s(self, viewers: int, send_s: float) -> list[float]:
        more_s = self._cold("fan-out") * (self._costs["cold_send_s"] - self._costs["send_s"])
        return [send_s + more_s] * viewers

    def _cold(self, kind: str) -> bool:
        """Whether a callback finds the caches as another one left them, or the loop asleep."""
        before, self._kind = self._kind, kind
        return before != kind or self.env.now > self.loop.active_at

    def _draw(self, name: str) -> float:
        samples = self._costs[name]
        return float(samples[self._services.randrange(len(samples))])

    def _authors(self) -> Steps:
        for at_s, author in self.case.schedule():
            yield self.env.timeout(max(0.0, at_s - self.env.now))
            self.env.process(self._post(at_s, author))

    def _post(self, at_s: float, author: str) -> Steps:
        with self._connections.request() as connection:
            yield connection
            yield self.env.timeout(self._draw("ingress_s"))
            stamps, answered = Stamps(at_s), None
            yield from self.loop.run(0.0)  # it is read, and handled behind whatever was read with it
            with self.loop.turn() as turn:
                yield turn
                cold_s = self._cold("post") * self._costs["cold_s"]
                if self._limiter.admit(author, self.env.now).admitted:
                    yield from self.loop.hold(self._draw("api_s") + cold_s)
                    if self._log.append(stamps):
                        answered = self._answered[id(stamps)] = self.env.event()
                else:
                    yield from self.loop.hold(self._costs["refuse_s"] + cold_s)
            if answered is None:
                self.refused += 1
                self.took_s = self.env.now
                return
            yield answered
            with self.loop.turn() as turn:
                yield turn
                yield from self.loop.hold(self._costs["answer_s"] + self._cold("answer") * self._costs["cold_s"])
            self.took_s = self.env.now
            self.appends_s.append((self.env.now if self.case.kind == "authors" else stamps.durable_s) - at_s)

    def _publish(self, batch: list[Stamps]) -> Steps:
        with self.loop.turn() as turn:
            yield turn
            yield from self.loop.hold(self._draw("hop_s"))
            for stamps in batch:
                self.published.append(stamps)
                yield from self._hub.receive(len(self.published))
                self._answered.pop(id(stamps)).succeed()

    def _look(self) -> Steps:
        while True:
            self.queued_peak_bytes = max(self.queued_peak_bytes, self.edge.queues.total_bytes)
            yield self.env.timeout(LOOK_S)


def simulate(case: Case, costs: Mapping[str, Any], streams: Streams) -> dict[str, float]:
    """What the load says of a case, said by the model."""
    model = Modelled(case, costs, streams)
    model.run()
    viewers, slow = model.edge.viewers, [client.viewer for client in model.clients]
    entitled = max(1, len(model.published) * len(slow))
    return {
        "fast_p99_ms": model.fast_p99_s() * 1e3,
        "append_p99_ms": float(np.quantile(model.appends_s, 0.99)) * 1e3,
        "accepted": len(model.published),
        "refused": model.refused,
        "took_s": case.seconds if case.slow else model.took_s,
        "slow_delivered_share": sum(viewer.delivered for viewer in slow) / entitled if slow else 1.0,
        "slow_skipped_share": sum(viewer.skipped for viewer in slow) / entitled,
        "reconnects": sum(client.reconnects for client in model.clients),
        "lost": sum(viewer.lost for viewer in viewers),
        "doubled": sum(viewer.duplicated for viewer in viewers),
        "queued_peak_bytes": model.queued_peak_bytes,
    }
