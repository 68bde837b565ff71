"""Figures of lesson 8: what viewers and authors see of a fault, how a crowd comes back, retries and breakers."""

import math
import statistics
from collections.abc import Mapping, Sequence
from typing import Any

from reference_impl.policy.circuit_breaker import BreakerConfig
from reference_impl.policy.connections import ConnectionConfig
from reference_impl.policy.reconnect import DrainConfig
from reference_impl.policy.retry import RetryBudgetConfig, RetryConfig
from simulation import tables, theory
from simulation.course.outcomes import which
from simulation.docs import spoken
from simulation.docs.findings import Findings
from simulation.docs.results import bench
from simulation.experiments.failover.plan import RECONNECTS, RESTART_S, SIZE

EDGES = ("edge", "edge-no-jitter")
LOGS = ("log", "log-no-breaker")
OTHERS = ("broker", "worker")
OF_EDGES = ("gap_s", "gap_median_s", "recovery_s", "peak_joins", "lost", "doubled")
OF_LOGS = ("gap_s", "accepted_again_s", "waited", "refused", "lost", "doubled")
OF_OTHERS = ("gap_s", "gap_median_s", "recovery_s", "work_done_s", "lost", "doubled")
SIGHTS = ("kill-edge", "stop-edge", "kill-redis", "kill-api", "kill-postgresql", "kill-worker")
CROWD = 100_000  # viewers of one edge, to think with
PEAK_S = 0.1  # joins are counted in such pieces
LOAD = 0.8  # of a server, before anything fails
CALL_S, DEADLINE_S = 0.010, 2.0  # a call, and how long its caller waits
FAILING = (0.05, 0.25, 0.5, 0.9)


def figures() -> dict[str, str]:
    found = Findings("failover")
    return {
        "sim_edges": found.table(EDGES, OF_EDGES, "sim"),
        "live_edges": found.table(EDGES, OF_EDGES, "live"),
        "gap_edges": found.table(EDGES, OF_EDGES[:4], "gap"),
        "sim_logs": found.table(LOGS, OF_LOGS, "sim"),
        "live_logs": found.table(LOGS, OF_LOGS, "live"),
        "gap_logs": found.table(LOGS, OF_LOGS[:4], "gap"),
        "sim_others": found.table(OTHERS, OF_OTHERS, "sim"),
        "live_others": found.table(OTHERS, OF_OTHERS, "live"),
        "viewers": f"{SIZE.edge_viewers}",
        "rate": f"{SIZE.rate_per_s:g}",
        "stall_s": f"{SIZE.stall_s:g}",
        "sights": _sights(),
        **_silence(found),
        **_storm(found),
        **_breaker(found),
        **_drain(),
        **_retries(),
    }


def silence_s(dead_s: float, join_s: float, cap_s: float, share: float) -> float:
    """How long ``share`` of the viewers see nothing of a server that is ``dead_s`` away, once their delays are capped.

    Whoever looks at a random moment into delays spread evenly up to ``cap_s`` finds that a rest of up to x is left with
    the probability 2 x / cap - (x / cap)^2 (the inspection paradox; Feller, volume 2, section XI.4).
    """
    rest_s = cap_s * (1 - math.sqrt(1 - share))
    return dead_s + rest_s + join_s


def _silence(found: Findings) -> dict[str, str]:
    """The gap of a killed edge: it is noticed at once, and then is the restart, the start, and the rest of a delay."""
    costs, cap_s = found.document["costs"], RECONNECTS.cap_s
    start_s, join_s = statistics.mean(costs["start_edge_s"]), statistics.mean(costs["open_s"])
    dead_s = RESTART_S + start_s
    median_s = found.value("edge", "gap_median_s")
    below = {
        1.1 * dead_s: "about as long as it takes to start it again",
        dead_s + cap_s: "longer than the restart, by a part of a retry's delay",
    }
    return {
        "outcome_1": which(median_s, below, "several times as long as the restart"),
        "restart_s": f"{RESTART_S:g}",
        "start_s": f"{start_s:.2f}",
        "join_s": f"{join_s:.2f}",
        "dead_s": f"{dead_s:.1f}",
        "cap_s": f"{cap_s:g}",
        "base_s": f"{RECONNECTS.base_s:g}",
        "rest_s": f"{cap_s * (1 - math.sqrt(0.5)):.2f}",
        "median_closed_s": f"{silence_s(dead_s, join_s, cap_s, 0.5):.1f}",
        "worst_closed_s": f"{silence_s(dead_s, join_s, cap_s, 1.0):.1f}",
        "median_live_s": found.live("edge", "gap_median_s"),
        "median_sim_s": found.simulated("edge", "gap_median_s"),
        "worst_live_s": found.live("edge", "gap_s"),
        "worst_bare_s": found.live("edge-no-jitter", "gap_s"),
        "broker_s": found.live("broker", "gap_s"),
        "lost": f"{sum(found.value(each, 'lost') + found.value(each, 'doubled') for each in (*EDGES, *LOGS)):.0f}",
    }


def _storm(found: Findings) -> dict[str, str]:
    """Most joins in a tenth of a second; evenly drawn delays are densest just after the server is back."""
    spread, bare = found.value("edge", "peak_joins"), found.value("edge-no-jitter", "peak_joins")
    viewers, cap_s = SIZE.edge_viewers, RECONNECTS.cap_s
    densest = viewers * 2 / cap_s * PEAK_S
    outcome = (
        "about as many as with it"
        if bare < 1.5 * spread
        else "all of them"
        if bare >= 0.9 * viewers
        else "several times as many, but not all"
    )
    return {
        "outcome_2": outcome,
        "peak": f"{spread:.0f}",
        "peak_bare": f"{bare:.0f}",
        "peak_bare_sim": found.simulated("edge-no-jitter", "peak_joins"),
        "peak_closed": f"{densest:.0f}",
        "peak_high": f"{densest + 2 * densest**0.5:.0f}",
        "peak_gap": found.gap("edge", "peak_joins"),
        "bare_gap": found.gap("edge-no-jitter", "peak_joins"),
        "crowd": f"{CROWD:,}",
        "crowd_cap_s": f"{RetryConfig().cap_s:g}",
        "crowd_per_s": f"{CROWD * 2 / RetryConfig().cap_s:,.0f}",
        "joins_per_s": f"{ConnectionConfig().joins_per_s:,}",
        "crowd_slots_s": f"{CROWD / ConnectionConfig().joins_per_s:.0f}",
    }


def _breaker(found: Findings) -> dict[str, str]:
    """Of the posts that wait for a stalled log in vain, how many a breaker spares the wait; and what it costs."""
    waited, bare = (found.value(each, "waited") for each in LOGS)
    spared = 1 - waited / bare
    config = BreakerConfig()
    return {
        "outcome_3": which(spared, {0.1: "hardly any", 0.75: "some of them"}, "nearly all"),
        "spared": spoken.rounded_percent(spared),
        "waited": f"{waited:.0f}",
        "waited_bare": f"{bare:.0f}",
        "again_sim": found.simulated("log", "accepted_again_s"),
        "again_bare_sim": found.simulated("log-no-breaker", "accepted_again_s"),
        "failures_min": f"{config.failures_min}",
        "deadline_s": f"{config.slow_s:g}",
        "notice_s": f"{config.failures_min * config.slow_s:g}",
        "notice_posts": f"{config.failures_min * config.slow_s * SIZE.rate_per_s:.0f}",
        "open_s": f"{config.open_s:g}",
        "open_max_s": f"{config.open_max_s:g}",
        "probes": f"{config.probes_max}",
        "waited_range": "{least:.0f} to {most:.0f}".format(**_simulated(found, "log", "waited")),
        "waited_gap": found.gap("log", "waited"),
        "accepted_gap": found.gap("log", "accepted_again_s"),
    }


def _simulated(found: Findings, variant: str, measure: str) -> Mapping[str, float]:
    """The model's side of a cell."""
    cells = found.document["comparison"]
    side: Mapping[str, float] = next(
        each["sim"] for each in cells if (each["variant"], each["measure"]) == (variant, measure)
    )
    return side


def _drain() -> dict[str, str]:
    """Slots that the server assigns."""
    run = bench("drain")
    rates = [count / run["bin_s"] for count in run["rejoined"] if count]
    ratio = max(rates) / run["drain_per_s"]
    below = {2.0: "less than twice the assigned rate", 5.0: "two to five times the assigned rate"}
    return {
        "outcome_4": which(ratio, below, "nearly all at once"),
        "drain_viewers": f"{run['viewers']:,}",
        "drain_per_s": f"{run['drain_per_s']:,.0f}",
        "drain_median": f"{statistics.median(rates):,.0f}",
        "drain_peak": f"{max(rates):,.0f}",
        "drain_s": f"{run['drained_s']:.1f}",
        "drain_closed_s": f"{run['viewers'] / run['drain_per_s']:.0f}",
        "drain_lost": f"{run['counts']['lost'] + run['counts']['duplicated']}",
        "drain_max_s": f"{DrainConfig().drain_max_s:g}",
    }


def amplified(failing: float, tries: int | None, budget: float | None = None) -> float:
    """Calls made for each that is wanted, where each fails with that probability; without ``tries`` until it works."""
    retries = failing / (1 - failing) if tries is None else sum(failing**number for number in range(1, tries))
    return 1 + (retries if budget is None else min(retries, budget))


def _retries() -> dict[str, str]:
    tries = 1 + 2
    ratio = RetryBudgetConfig().ratio
    head = ["calls that fail", "until it works", f"{tries} tries", f"{tries} tries and a budget"]
    rows = [
        [f"{failing:.0%}", *(_loaded(amplified(failing, *how)) for how in ((None,), (tries,), (tries, ratio)))]
        for failing in FAILING
    ]
    return {
        "retries": tables.markdown(head, rows, "|--:|").replace("%", " %"),
        "load": spoken.rounded_percent(LOAD),
        "budget": spoken.rounded_percent(ratio),
        "tries": f"{tries}",
        "call_ms": f"{CALL_S * 1e3:g}",
        "tenfold": f"{amplified(0.9, None):.0f}",
    }


def _loaded(times: float) -> str:
    """The load of a server that had room, and who gives up before it is their turn (M/M/1+M)."""
    load = LOAD * times
    share = theory.gives_up(load / CALL_S, CALL_S, DEADLINE_S)
    return f"{load:.0%}, {share:.0%} give up" if share >= 0.005 else f"{load:.0%}"


def _sights() -> str:
    """Some rows of the chaos run."""
    found: Mapping[str, Mapping[str, Any]] = {each["fault"]: each for each in bench("chaos")["sights"]}
    columns: Sequence[tuple[str, str]] = (
        ("lasts, s", "lasted_s"),
        ("silence, s", "silence_s"),
        ("of the median viewer", "silence_median_s"),
        ("back after, s", "recovery_s"),
    )
    rows = [
        [f"`{name}`", *(f"{found[name][column]:.1f}" for _, column in columns), f"{found[name]['retried']}"]
        for name in SIGHTS
        if name in found
    ]
    return tables.markdown(["fault", *(title for title, _ in columns), "sent again"], rows, "|---|--:|")
