"""One scenario in each tier of the model's edge, with the same arrivals in all of them."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
import simpy

from reference_impl.policy.coalescing import CoalescingConfig
from reference_impl.policy.display_budget import DisplayBudgetConfig
from reference_impl.policy.ordering import OrderingConfig
from simulation.model.batch_edge import EdgePolicies
from simulation.model.event_loop import EventLoop
from simulation.model.explicit_edge import ExplicitConfig, ExplicitEdge
from simulation.model.fleet import FleetConfig, run_fleet
from simulation.model.hub import StreamHub
from simulation.model.hybrid_edge import HybridEdge
from simulation.model.mixture import Array, quantiles
from simulation.model.subscriber import Subscriber
from simulation.replications import Streams

SHARES = (0.5, 0.99)
EXPLICIT_SHARE = 0.01  # of a hybrid's viewers
AUTHORS = 5_000
DELAY_S = (0.001, 0.050)  # of a fleet's edges from the log


@dataclass(frozen=True, slots=True)
class Crowd:
    """One stream at a Poisson rate. ``viewers`` are of each edge; ``shown_per_s`` is a display budget, 0 for none."""

    viewers: int
    comments_per_s: float
    seconds: float
    edges: int = 1
    shown_per_s: float = 0.0


@dataclass(frozen=True, slots=True)
class TierRun:
    deliveries: int
    latency_s: list[float]  # p50 and p99, from a comment's arrival at the edge, or at the fleet's log


def by_events(crowd: Crowd, streams: Streams) -> TierRun:
    return _in_simpy(crowd, streams, ExplicitEdge, crowd.viewers)


def by_hybrid(crowd: Crowd, streams: Streams) -> TierRun:
    few = max(1, round(crowd.viewers * EXPLICIT_SHARE))
    return _in_simpy(crowd, streams, partial(HybridEdge, crowd=crowd.viewers - few), few)


def by_batch(crowd: Crowd, streams: Streams) -> TierRun:
    """On one edge that is where the log is, and without what a commit takes, it is the others' scenario."""
    budget = DisplayBudgetConfig(per_s=crowd.shown_per_s) if crowd.shown_per_s else None
    config = FleetConfig(edges=crowd.edges, viewers=crowd.viewers, policies=EdgePolicies(budget=budget))
    arrivals_s = _arrivals(crowd, streams)
    delays_s = [0.0]
    if crowd.edges == 1:
        config = replace(config, commit_s=0.0, commit_more_s=0.0)
    else:
        delays_s = streams.numbers("network").uniform(DELAY_S[0], DELAY_S[1], crowd.edges).tolist()
    authors = streams.numbers("authors").integers(0, AUTHORS, len(arrivals_s)).tolist()
    posts = [(at_s, f"user{author}") for at_s, author in zip(arrivals_s, authors, strict=True)]
    run = run_fleet(config, posts, delays_s, streams.numbers("faults"))
    return TierRun(run.deliveries, run.latency_s(SHARES))


TIERS: dict[str, Callable[[Crowd, Streams], TierRun]] = {"explicit": by_events, "hybrid": by_hybrid, "batch": by_batch}


def _arrivals(crowd: Crowd, streams: Streams) -> list[float]:
    count = round(crowd.comments_per_s * crowd.seconds)
    gaps_s = streams.numbers("arrivals").exponential(1 / crowd.comments_per_s, count)
    times_s: list[float] = np.cumsum(gaps_s).tolist()
    return times_s


def _in_simpy(crowd: Crowd, streams: Streams, make: Callable[..., ExplicitEdge], explicit: int) -> TierRun:
    env, config, services = simpy.Environment(), ExplicitConfig(), streams.numbers("services")
    loop = EventLoop(env)
    edge = make(env, loop, config, draw=lambda count, mean_s: services.exponential(mean_s, size=(count,)).tolist())
    edge.add(explicit)
    hub = StreamHub(env, loop, edge, CoalescingConfig(), OrderingConfig(), read=lambda missing: missing)
    arrivals_s = _arrivals(crowd, streams)
    seqs = range(1, len(arrivals_s) + 1)
    env.process(Subscriber(env, loop, hub, config.costs.receive_s).run(seqs, arrivals_s))
    env.run()
    lows, spans, weights = _intervals(edge, np.array(arrivals_s))
    return TierRun(round(float(weights.sum())), quantiles(lows, spans, weights, SHARES))


def _intervals(edge: ExplicitEdge, arrivals_s: Array) -> tuple[Array, Array, Array]:
    """(low, span, viewers) of every delivery that was an event, and of every comment to a hybrid's crowd."""
    lows, spans, weights = [np.zeros(0)], [np.zeros(0)], [np.zeros(0)]
    for sweep in edge.sweeps:
        intended_s = arrivals_s[sweep.frame.first - 1 : sweep.frame.last]
        lows.append(np.subtract.outer(np.array(sweep.times_s), intended_s).ravel())
        spans.append(np.zeros(len(lows[-1])))
        weights.append(np.ones(len(lows[-1])))
    if isinstance(edge, HybridEdge):
        for fan_out in edge.fan_outs:
            lows.append(fan_out.start_s + fan_out.cost.first_lag_s - arrivals_s[np.array(fan_out.seqs) - 1])
            spans.append(np.full(len(fan_out.seqs), fan_out.cost.span_s))
            weights.append(np.full(len(fan_out.seqs), float(edge.crowd)))
    return np.concatenate(lows), np.concatenate(spans), np.concatenate(weights)
