"""What the crowd posts: arrivals whose bursts are those of a recorded chat, scaled to the final's size."""

from dataclasses import dataclass

import numpy as np

from simulation.experiments.world_cup.plan import PLACES, Plan
from simulation.model.mixture import Array
from simulation.model.samples import Numbers
from simulation.replications import Streams
from simulation.trace import load_trace

TRACE = "twitch-a.jsonl"
SMOOTH_S = 3  # a trace's seconds have few comments each; of so many together the shape is seen
BURST_S = (3, 30)  # before and after the trace's busiest second, which becomes a goal
CONCENTRATED = 2.0  # the higher, the more of all comments come from the busiest authors


@dataclass(frozen=True, slots=True)
class Posts:
    """In the order of their times; ``regions`` and ``authors`` are numbers. Shape (n,) each."""

    at_s: Array
    authors: Numbers
    regions: Numbers


def rates_per_s(plan: Plan, streams: Streams) -> Array:
    """How many comments each second expects: the trace's ups and downs, and its busiest time at each goal."""
    counts = _per_second()
    peak = int(counts.argmax())
    burst = counts[max(0, peak - BURST_S[0]) : peak + BURST_S[1]]
    ups = (burst - counts.mean()).clip(0) / (burst.max() - counts.mean())
    seconds = round(plan.seconds)
    start = int(streams.random("arrivals").random() * len(counts))
    rates = plan.base_per_s * np.resize(np.roll(counts, -start), seconds) / counts.mean()
    for goal_s in plan.goals_s:
        begin = round(goal_s)
        stretch = rates[begin : begin + len(ups)]
        stretch += ((plan.peak_per_s - stretch) * ups[: len(stretch)]).clip(0)
    expected: Array = np.minimum(rates, plan.peak_per_s)
    return expected


def _per_second() -> Array:
    offsets_ms = np.array([offset_ms for offset_ms, _, _ in load_trace(TRACE)])
    counts = np.bincount(offsets_ms // 1000).astype(np.float64)
    smooth: Array = np.convolve(counts, np.full(SMOOTH_S, 1 / SMOOTH_S), mode="same")
    return smooth


def posts(plan: Plan, streams: Streams) -> Posts:
    rng = streams.numbers("arrivals")
    counts = rng.poisson(rates_per_s(plan, streams))
    at_s = np.sort(np.repeat(np.arange(len(counts)), counts) + rng.random(int(counts.sum())))
    authors = (plan.authors * streams.numbers("authors").random(len(at_s)) ** CONCENTRATED).astype(np.int64)
    shares = np.cumsum([place.share for place in PLACES.values()])
    homes = np.searchsorted(shares[:-1], streams.numbers("homes").random(plan.authors), side="right")
    return Posts(at_s, authors, homes[authors])
