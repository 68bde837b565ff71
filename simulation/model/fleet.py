"""The batch-exact tier: a fleet of M edges with N viewers each, a fan-out on an edge as one interval.

Posts go through the write path (`RateLimiter`, `CommitQueue`) and from there to each edge, which lies so far from it;
edges know nothing of each other, so each runs by itself. A broker may lose messages: edges find that and read the log.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from reference_impl.policy.batching import GroupCommitConfig
from reference_impl.policy.display_budget import Candidate
from reference_impl.policy.rate import RateConfig, RateLimiter
from simulation.model.batch_edge import BatchEdge, EdgePolicies
from simulation.model.commits import Published, publish
from simulation.model.costs import EdgeCosts
from simulation.model.mixture import Array, quantiles


@dataclass(frozen=True, slots=True, kw_only=True)
class FleetConfig:
    edges: int = 100
    viewers: int = 10_000  # of each edge
    policies: EdgePolicies = field(default_factory=EdgePolicies)
    costs: EdgeCosts = field(default_factory=EdgeCosts)
    rate: RateConfig = field(default_factory=RateConfig)
    commits: GroupCommitConfig = field(default_factory=GroupCommitConfig)
    commit_s: float = 2e-3  # of one comment
    commit_more_s: float = 20e-6  # for each further comment
    lost_share: float = 0.0  # of the broker's messages to an edge


@dataclass(frozen=True, slots=True)
class FleetRun:
    """Every comment on every edge is an interval of latencies, from ``lows_s`` over ``spans_s``; shape (intervals,)."""

    published: Published
    lows_s: Array
    spans_s: Array
    viewers: int

    @property
    def deliveries(self) -> int:
        return len(self.lows_s) * self.viewers

    def latency_s(self, shares: Sequence[float]) -> list[float]:
        """Quantiles over all deliveries, from when a comment was meant to be posted to its receipt."""
        return quantiles(self.lows_s, self.spans_s, np.ones(len(self.lows_s)), shares)


def run_fleet(
    config: FleetConfig, posts: Sequence[tuple[float, str]], delays_s: Sequence[float], rng: np.random.Generator
) -> FleetRun:
    """Run posts (at, author) through the fleet; ``delays_s`` is how far each edge lies from the log."""
    limiter = RateLimiter(config.rate)
    published = publish(
        posts, limiter, config.commits, lambda comments: config.commit_s + config.commit_more_s * (comments - 1)
    )
    comments = _candidates(published) if config.policies.budget else ()
    intended_s, durable_s = np.array(published.intended_s), np.array(published.durable_s)
    lows, spans = [], []
    for delay_s in delays_s:
        edge = BatchEdge(config.viewers, config.policies, config.costs, comments)
        seqs = _reach(len(durable_s), config.lost_share, rng)
        edge.run(seqs.tolist(), (durable_s[seqs - 1] + delay_s).tolist())
        low, span = _intervals(edge, intended_s, config.costs.lag_s)
        lows.append(low)
        spans.append(span)
    return FleetRun(published, np.concatenate(lows), np.concatenate(spans), config.viewers)


def _reach(comments: int, lost_share: float, rng: np.random.Generator) -> NDArray[np.int64]:
    """The comments that the broker brings to an edge; the last one always, as the log's head would tell of it."""
    seqs = np.arange(1, comments + 1)
    if not lost_share:
        return seqs
    kept = rng.random(comments) >= lost_share
    kept[-1:] = True
    return seqs[kept]


def _candidates(published: Published) -> list[Candidate[int]]:
    return [
        Candidate(seq, seq, round(durable_s * 1000), f"{seq}", priority=False)
        for seq, durable_s in enumerate(published.durable_s, 1)
    ]


def _intervals(edge: BatchEdge, intended_s: Array, lag_s: float) -> tuple[Array, Array]:
    fan_outs = edge.fan_outs
    sizes = np.array(fan_outs.sizes, dtype=np.int64)
    starts, durations = np.repeat(fan_outs.starts_s, sizes), np.repeat(fan_outs.durations_s, sizes)
    return starts + lag_s - intended_s[np.array(fan_outs.seqs, dtype=np.int64) - 1], durations
