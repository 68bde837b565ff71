"""The simulated engine: the same arrivals and the same policies, with the calibration's costs, in simulated time."""

from itertools import pairwise
from random import Random

import numpy as np
import simpy

from reference_impl.policy.coalescing import CoalescingConfig
from reference_impl.policy.rate import RateConfig
from simulation.engines.simulated_faults import run_disturbed
from simulation.model.costs import Costs
from simulation.model.edge import FanOut
from simulation.model.server import Crowd, Policies, Server
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


def run_simulated(scenario: Scenario, costs: Costs, repeat: int = 0) -> RunResult:
    """Run a scenario in the model; its seed and ``repeat`` decide which of the measured costs are drawn."""
    if any(fault.kind != "stop" for fault in scenario.faults):
        return run_disturbed(scenario, policies(scenario), costs, repeat)
    env = simpy.Environment()
    who, posts = scenario.audience, schedule(scenario)
    crowd = Crowd(
        who.pushed, scenario.system.edges, who.polling, who.poll_s, queued=scenario.system.delivery == "plain"
    )
    server = Server(env, policies(scenario), costs, crowd, Random(f"{scenario.seed} {repeat}"))
    env.process(server.authors.run(posts))
    env.process(server.stalls(scenario.duration_s))
    server.watch(scenario.duration_s, len(posts))
    for fault in scenario.faults:
        env.process(server.stand_still(fault.at_s, fault.ends_s - fault.at_s))
    env.run()
    return _result(scenario, server, len(posts))


def _result(scenario: Scenario, server: Server, posted: int) -> RunResult:
    accepted, viewers = len(server.broker.published), scenario.audience.viewers
    fan_outs = [(server.edge.fan_outs, 0 if server.broker.edges else scenario.audience.pushed)]
    fan_outs += [(each.edge.fan_outs, each.viewers) for each in server.broker.edges]
    delivered = sum(len(fan_out.seqs) * count for mine, count in fan_outs for fan_out in mine)
    delivered += sum(answer.last - answer.first + 1 for answer in server.pollers.answers)
    faults = [_order_faults(mine) for mine, count in fan_outs if count]
    busy_s = server.loop.busy_s + server.log.busy_s
    return RunResult(
        engine="sim",
        latency_s=_latencies(server, fan_outs, scenario.timed_from_s),
        counts={
            "posted": posted,
            "accepted": accepted,
            "rejected": server.api.rejected,
            "delivered": delivered,
            "shed": 0,
            "lost": accepted * viewers - delivered,
            "duplicated": sum(each[0] for each in faults),
            "reordered": sum(each[1] for each in faults),
        },
        elapsed_s=scenario.duration_s,
        # One core has no more than all of itself: what a server that is asked for too much does afterwards is no part.
        facts={"server_busy": round(min(1.0, busy_s / scenario.duration_s), 3)},
    )


def _latencies(server: Server, fan_outs: list[tuple[list[FanOut], int]], from_s: float) -> dict[str, Seconds]:
    """Samples of every stage, of comments meant to be posted from ``from_s`` on.

    Of each process with viewers RANKS of them are timed; ``hub`` and ``socket`` are the first such process's.
    """
    intended, admitted, durable, hub = np.array(
        [(each.intended_s, each.admitted_s, each.durable_s, each.hub_s) for each in server.broker.published]
    ).reshape(-1, 4).T  # fmt: skip
    timed = intended >= from_s
    crowds = [(mine, count) for mine, count in fan_outs if count]
    flushed, received = np.full(len(intended), np.nan), [_answered(server, intended, from_s)]
    socket = received[0][:0]
    for mine, count in reversed(crowds):  # the first one last: its stages are shown
        flushed, at_viewers = _received(mine, len(intended), min(RANKS, count))
        socket = (at_viewers - flushed[:, None])[timed].ravel()
        received.append((at_viewers - intended[:, None])[timed].ravel())
    return {
        "api": (admitted - intended)[timed],
        "log": (durable - admitted)[timed],
        "broker": (hub - durable)[timed],
        "hub": _known((flushed - hub)[timed]),
        "socket": _known(socket),
        "end_to_end": _known(np.concatenate(received)),
    }


def _received(fan_outs: list[FanOut], comments: int, ranks: int) -> tuple[Seconds, Seconds]:
    """When each comment was written, and when the viewers at so many ranks had it: shape (comments, ranks)."""
    flushed, received = np.full(comments, np.nan), np.full((comments, ranks), np.nan)
    quantiles = (np.arange(ranks) + 0.5) / ranks
    for fan_out in fan_outs:
        rows = np.array(fan_out.seqs) - 1
        flushed[rows] = fan_out.start_s
        received[rows] = fan_out.start_s + fan_out.cost.first_lag_s + quantiles * fan_out.cost.span_s
    return flushed, received


def _answered(server: Server, intended: Seconds, from_s: float) -> Seconds:
    """The latencies of those who poll."""
    parts = [np.zeros(0)]
    for answer in server.pollers.answers:
        mine = intended[answer.first - 1 : answer.last]
        parts.append(answer.received_s - mine[mine >= from_s])
    return np.concatenate(parts)


def _known(values: Seconds) -> Seconds:
    return np.asarray(values[np.isfinite(values)])


def _order_faults(fan_outs: list[FanOut]) -> tuple[int, int]:
    """Count, as a live viewer does, what comes twice and what comes late."""
    seqs = [seq for fan_out in fan_outs for seq in fan_out.seqs]
    late = sum(1 for before, after in pairwise(seqs) if after < before)
    return len(seqs) - len(set(seqs)), late
