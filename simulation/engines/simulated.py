"""The simulated engine: the same arrivals and the same policies, with the calibration's costs, in simulated time."""

from itertools import pairwise
from random import Random

import numpy as np
import simpy

from reference_impl.policy.coalescing import CoalescingConfig
from reference_impl.policy.rate import RateConfig
from simulation.model.costs import Costs
from simulation.model.edge import FanOut
from simulation.model.server import Policies, Server
from simulation.result import RunResult, Seconds
from simulation.scenario import Scenario
from simulation.trace import schedule

RANKS = 100  # viewers of a fan-out that are timed, evenly spread over all of them


def policies(scenario: Scenario) -> Policies:
    """The configurations that `live.server_arguments` gives the real server."""
    return Policies(
        rate=RateConfig(burst=scenario.system.rate_burst, period_s=scenario.rate_period_s),
        coalescing=CoalescingConfig(window_s=scenario.system.window_ms / 1000),
    )


def run_simulated(scenario: Scenario, costs: Costs) -> RunResult:
    """Run a scenario in the model; the seed decides which of the measured costs are drawn."""
    env = simpy.Environment()
    server = Server(env, policies(scenario), costs, scenario.audience.viewers, Random(scenario.seed))
    posts = schedule(scenario)
    env.process(server.authors.run(posts))
    env.process(server.stalls(scenario.duration_s))
    for fault in scenario.faults:
        env.process(server.stand_still(fault.at_s, fault.lasts_s))
    env.run()
    viewers = scenario.audience.viewers
    accepted = len(server.broker.published)
    delivered = sum(len(fan_out.seqs) for fan_out in server.edge.fan_outs) * viewers
    return RunResult(
        engine="sim",
        latency_s=_latencies(server, scenario.timed_from_s, min(RANKS, viewers)),
        counts={
            "posted": len(posts),
            "accepted": accepted,
            "rejected": server.api.rejected,
            "delivered": delivered,
            "shed": 0,
            "lost": accepted * viewers - delivered,
            **_order_faults(server.edge.fan_outs),
        },
        elapsed_s=scenario.duration_s,
        facts={"loop_utilisation": round(server.loop.busy_s / max(env.now, 1e-9), 3)},
    )


def _latencies(server: Server, from_s: float, ranks: int) -> dict[str, Seconds]:
    """Samples of every stage, of comments meant to be posted from ``from_s`` on."""
    intended, admitted, durable, hub = np.array(
        [(each.intended_s, each.admitted_s, each.durable_s, each.hub_s) for each in server.broker.published]
    ).reshape(-1, 4).T  # fmt: skip
    flushed = np.full(len(intended), np.nan)
    received = np.full((len(intended), ranks), np.nan)
    quantiles = (np.arange(ranks) + 0.5) / ranks
    for fan_out in server.edge.fan_outs:
        rows = np.array(fan_out.seqs) - 1
        flushed[rows] = fan_out.start_s
        received[rows] = fan_out.start_s + fan_out.cost.first_lag_s + quantiles * fan_out.cost.span_s
    timed = intended >= from_s
    return {
        "api": (admitted - intended)[timed],
        "log": (durable - admitted)[timed],
        "broker": (hub - durable)[timed],
        "hub": (flushed - hub)[timed],
        "socket": (received - flushed[:, None])[timed].ravel(),
        "end_to_end": (received - intended[:, None])[timed].ravel(),
    }


def _order_faults(fan_outs: list[FanOut]) -> dict[str, int]:
    """Count, as a live viewer does, what comes twice and what comes late."""
    seqs = [seq for fan_out in fan_outs for seq in fan_out.seqs]
    late = sum(1 for before, after in pairwise(seqs) if after < before)
    return {"duplicated": len(seqs) - len(set(seqs)), "reordered": late}
