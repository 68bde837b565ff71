"""A crowd that no machine holds, in the model: a server for posts, and as many processes for viewers as it takes.

Processes for viewers are alike and know nothing of each other, so one of them is run, with as many viewers as keep its
core as busy as it may be. Comments come to it from the log through a broker; segments are fetched from the servers.
"""

from collections.abc import Mapping
from math import ceil, exp
from typing import Any

import simpy

from reference_impl.policy.connections import ConnectionConfig
from reference_impl.policy.polling import PollingConfig
from reference_impl.protocol.segments import POLL_AFTER_MS
from simulation.experiments.push_vs_pull.audiences import Asking, Cached, Told
from simulation.experiments.push_vs_pull.measured import Run
from simulation.experiments.push_vs_pull.plan import Case, Size, Transport, Variant
from simulation.experiments.push_vs_pull.sim import run_of
from simulation.experiments.push_vs_pull.stage import Costs, Stage
from simulation.model.batch_edge import BatchEdge, EdgePolicies
from simulation.model.costs import FanOutCost
from simulation.model.edge import FanOut
from simulation.model.event_loop import EventLoop, Steps

HOP_S = 1e-3  # from the log to an edge through Redis, as `run fan_out` has measured it
CACHE_VIEWERS_MAX = 16_000  # connections of one worker of nginx, as deploy/nginx.conf has it


def simulate_crowd(case: Case, costs: Mapping[str, Any]) -> Run:
    stage = Stage(case, costs, 0)
    viewers = viewers_here(case.variant, case.size, stage.costs)
    return _KINDS.get(case.variant.transport, _asking)(stage, viewers, case.size.crowd / viewers)


def viewers_here(variant: Variant, size: Size, costs: Costs) -> int:
    """How many viewers keep a process as busy as it may be, by what its work costs when there is always some."""
    each_s, most = _each_s(variant, size, costs), ConnectionConfig().viewers_max
    if variant.transport is Transport.SEGMENTS:
        most = CACHE_VIEWERS_MAX
    return max(1, min(most, size.crowd, int(size.busy_max / each_s)))


def _each_s(variant: Variant, size: Size, costs: Costs) -> float:
    """What a viewer takes of a core in a second."""
    per_s = size.rate_per_s
    if variant.transport.pushed:
        return costs.edge(variant.transport).send_s * per_s
    if variant.transport is Transport.SEGMENTS:  # a manifest, and about one second that has comments
        return costs.hot_s("cache") * (1 + 1 - exp(-per_s)) * 1000 / POLL_AFTER_MS
    every_s, answer_s = variant.every_s, 0.0
    if variant.transport is Transport.LONG_POLL:  # after its pause it is held, unless there is something
        pause_s = PollingConfig().busy_s
        every_s, answer_s = pause_s + exp(-per_s * pause_s) / per_s, exp(-per_s * pause_s) * costs["answer_s"]
    return (costs.hot_s("poll") + answer_s) / every_s + costs["comment_s"] * per_s


class Place:
    """A process for viewers behind the broker; ``seqs``: what it has been brought."""

    def __init__(self, env: simpy.Environment, receive_s: float) -> None:
        self.loop = EventLoop(env)
        self.seqs: list[int] = []
        self._env = env
        self._receive_s = receive_s

    def bring(self, head: int, asking: Asking) -> Steps:
        yield self._env.timeout(HOP_S)
        with self.loop.turn() as turn:
            yield turn
            for seq in range(len(self.seqs) + 1, head + 1):
                yield from self.loop.hold(self._receive_s)
                self.seqs.append(seq)
            asking.told()


def _asking(stage: Stage, viewers: int, times: float) -> Run:
    """Poll processes that have the stream's newest comments."""
    assert stage.waited_for is not None
    place = Place(stage.env, stage.costs.edge(stage.case.variant.transport).receive_s)
    asking = Asking(stage, place.loop, place.seqs, viewers)
    stage.waited_for.told = lambda: stage.env.process(place.bring(len(stage.published), asking))
    server_s, place_s = stage.play(lambda: (stage.server_s, place.loop.busy_s))
    seen = asking.seen()
    lost = len(stage.published) * viewers - seen.delivered
    used_s = server_s + times * place_s, 0.0
    return run_of(stage.case, seen, stage.case.size.crowd, used_s, processes=1 + ceil(times), lost=lost, times=times)


def _told(stage: Stage, viewers: int, times: float) -> Run:
    """Are pushed to by edges: the batch-exact tier."""
    transport = stage.case.variant.transport
    server_s, _ = stage.play(lambda: (stage.server_s, 0.0))
    costs = stage.costs.edge(transport)
    edge = BatchEdge(viewers, EdgePolicies(), costs)
    made = edge.run(range(1, len(stage.published) + 1), [each.durable_s + HOP_S for each in stage.published])
    fan_outs, at = list[FanOut](), 0
    for start_s, span_s, size in zip(made.starts_s, made.durations_s, made.sizes, strict=True):
        fan_outs.append(FanOut(made.seqs[at : at + size], start_s, FanOutCost(span_s, costs.lag_s, span_s)))
        at += size
    seen = Told(stage, fan_outs, viewers).seen()
    edge_s = sum(each.cost.duration_s for each in fan_outs if stage.is_measured(each.start_s))
    lost = len(stage.published) * viewers - seen.delivered
    used_s = server_s + times * edge_s, 0.0
    return run_of(stage.case, seen, stage.case.size.crowd, used_s, processes=1 + ceil(times), lost=lost, times=times)


def _cached(stage: Stage, viewers: int, times: float) -> Run:
    """Read segments from caches, which ask so many servers as they keep busy."""
    size, costs = stage.case.size, stage.costs
    here = Cached(stage, EventLoop(stage.env), viewers)
    origin = here.origin
    posts_s, origin_s, cache_s, manifests, segments = stage.play(
        lambda: (stage.server_s, origin.busy_s, here.used_s, origin.manifests, origin.segments)
    )
    hot_s = times * (manifests * costs.hot_s("manifest") + segments * costs.hot_s("segment"))  # so many keep them hot
    server_s = posts_s - origin_s + hot_s
    processes = ceil(times) + ceil(server_s / size.measured_s / size.busy_max)
    seen = here.seen()
    lost = len(stage.published) * viewers - seen.delivered
    return run_of(
        stage.case, seen, size.crowd, (server_s, times * cache_s), processes=processes, lost=lost, times=times
    )


_KINDS = {Transport.SSE: _told, Transport.WEBSOCKET: _told, Transport.SEGMENTS: _cached}
