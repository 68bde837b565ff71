"""The simulated engine where a fault makes viewers differ: each of them is there by itself, and so is each try."""

from random import Random

import numpy as np
import simpy

from reference_impl.policy.backpressure import BackpressureConfig
from simulation.faults import (
    RECONNECTS,
    RETRIES,
    Ceiling,
    Delay,
    Kill,
    Partition,
    SlowReader,
    Stop,
    Storm,
    needs_proxy,
)  # fmt: skip
from simulation.measurements import Measured, Receipts, stage_latencies
from simulation.model.costs import Costs
from simulation.model.event_loop import Steps
from simulation.model.lives import KeyedAuthors, Lives
from simulation.model.server import Policies
from simulation.model.watchers import Watchers
from simulation.outage import outage
from simulation.result import RunResult
from simulation.scenario import Scenario
from simulation.trace import schedule

KERNEL_BYTES = 170_000  # what both kernels' buffers take for a viewer that does not read, roughly
PROXY_S = 60e-6  # what the live engine's proxy takes for a piece, roughly: measured beside runs without one


def run_disturbed(scenario: Scenario, policies: Policies, costs: Costs, repeat: int = 0) -> RunResult:
    """Run a scenario in the model, with all its faults; its seed and ``repeat`` decide which costs are drawn."""
    env, rng = simpy.Environment(), Random(f"{scenario.seed} {repeat}")
    posts = schedule(scenario)
    piece_s = PROXY_S if needs_proxy(scenario.faults) else 0.0
    lives = Lives(env, policies, costs, scenario.audience.pushed, RECONNECTS, rng, scenario.duration_s, piece_s)
    authors = KeyedAuthors(lives, RETRIES, Random(f"authors {scenario.seed}"))
    env.process(authors.run(posts))
    env.process(_befall(scenario, lives, costs))
    env.run()
    return _result(scenario, lives, authors, len(posts))


def _befall(scenario: Scenario, lives: Lives, costs: Costs) -> Steps:
    env = lives.env
    for fault in sorted(scenario.faults, key=lambda each: each.at_s):
        yield env.timeout(max(0.0, fault.at_s - env.now))
        match fault:
            case Stop():
                lives.server.core.stall(fault.lasts_s)
            case Kill():
                lives.kill()
                yield env.timeout(fault.restart_s)
                yield from lives.start(costs.start_s)
            case Storm():
                befallen = range(fault.befalls(scenario.audience.pushed))
                lives.storm(befallen, None if fault.jitter else Ceiling())
            case SlowReader():
                system = scenario.system
                pressure = BackpressureConfig(queue_bytes=system.queue_bytes, ending=system.slow_viewer)
                lives.slow_down(range(fault.befalls(scenario.audience.pushed)), pressure, KERNEL_BYTES)
                yield env.timeout(fault.lasts_s)
                yield from lives.speed_up()
            case Partition():
                lives.watchers.way.passes_at = fault.ends_s
            case Delay():
                way = lives.watchers.way
                way.delay_s, way.jitter_s = fault.delay_s, fault.jitter_s
                yield env.timeout(fault.lasts_s)
                way.delay_s = way.jitter_s = 0.0


def _result(scenario: Scenario, lives: Lives, authors: KeyedAuthors, posted: int) -> RunResult:
    watchers, stored = lives.watchers, lives.server.log.stored
    accepted = [(seq, stamps.intended_s) for seq, stamps in enumerate(stored, 1)]
    everybody = range(scenario.audience.pushed)
    befallen = range(max(fault.befalls(len(everybody)) for fault in scenario.faults))
    receipts = _receipts(watchers, everybody)
    busy_s = sum(server.loop.busy_s + server.log.busy_s for server in lives.servers)
    return RunResult(
        engine="sim",
        latency_s=stage_latencies(_measured(lives), receipts, accepted, scenario.timed_from_s),
        counts={
            "posted": posted,
            "accepted": len(stored),
            "rejected": sum(server.api.rejected for server in lives.servers),
            "delivered": int(receipts.sizes.sum()),
            "shed": watchers.skipped,
            "lost": watchers.lost(len(stored)),
            "duplicated": watchers.duplicated,
            "reordered": 0,
        },
        elapsed_s=scenario.duration_s,
        valid=not authors.failed,
        why_void=f"{authors.failed} posts got no answer" if authors.failed else "",
        facts={
            "server_busy": round(busy_s / scenario.duration_s, 3),
            "reconnects": lives.returning.reconnects,
            "retried": authors.retried,
            **outage(_receipts(watchers, befallen), accepted, scenario),
        },
    )


def _receipts(watchers: Watchers, viewers: range) -> Receipts:
    """What some of the viewers got, as a live viewers' process writes it down."""
    times_s, firsts, sizes = [np.zeros(0)], [np.zeros(0, dtype=np.int64)], [np.zeros(0, dtype=np.int64)]
    for received in watchers.received:
        mine = (received.viewers >= viewers.start) & (received.viewers < viewers.stop)
        times_s.append(received.times_s[mine])
        firsts.append(received.firsts[mine])
        sizes.append(received.last - received.firsts[mine] + 1)
    return Receipts(np.concatenate(times_s), np.concatenate(firsts), np.concatenate(sizes))


def _measured(lives: Lives) -> Measured:
    """The stamps that the server would have written; what it did not come to is not a number."""
    stored = lives.server.log.stored
    flushed_s = np.full(len(stored), np.nan)
    for fan_out in (each for server in lives.servers for each in server.edge.fan_outs):
        flushed_s[np.array(fan_out.seqs) - 1] = fan_out.start_s
    stamps = np.array([(each.admitted_s, each.durable_s or np.nan, each.hub_s or np.nan) for each in stored])
    admitted_s, durable_s, hub_s = stamps.reshape(-1, 3).T
    columns = {"admitted_s": admitted_s, "durable_s": durable_s, "hub_s": hub_s, "flushed_s": flushed_s}
    return Measured({"seq": np.arange(1, len(stored) + 1), **columns}, {}, {})
