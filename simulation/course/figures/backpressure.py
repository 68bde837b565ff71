"""Figures of lesson 7: queues that fill, endings, limits and the ladder, from four measurements."""

import re
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from reference_impl.policy.backpressure import BackpressureConfig, Ending
from reference_impl.policy.batching import GroupCommitConfig
from reference_impl.policy.connections import ConnectionConfig
from reference_impl.policy.rate import RateConfig
from simulation import tables, theory
from simulation.course.outcomes import which
from simulation.docs import spoken
from simulation.docs.findings import Findings
from simulation.docs.results import bench
from simulation.experiments.backpressure.plan import AUTHORS, COMMENT_BYTES, SETTLE_S, cases

CASE = cases(0)["drop_oldest"]
MIB = 2**20
EDGE_BYTES = 64 * MIB  # all slow viewers' queues of an edge
ROOMS = (5, 50, 500)  # places in a queue before a server that is offered too much
ENDINGS = tuple(ending.value for ending in Ending)
CROWDED = ("everybody_admitted", "authors_limited")
LADDERS = ("ladder", "no-ladder", "limits")
OF_SLOW = ("fast_p99_ms", "slow_delivered_pct", "slow_skipped_pct", "reconnects", "queued_peak_kb", "lost")
OF_CROWDED = ("fast_p99_ms", "append_p99_ms", "accepted_per_s", "refused_per_s")
OF_LADDER = ("accepted_per_s", "answer_p99_ms", "moderator_p99_ms", "moderated_pct", "frames_per_s", "recovery_s")
Rows = Sequence[Mapping[str, Any]]
_SIZE = re.compile(
    r"([\d,]+) viewers, ([\d,]+) of them slow, ([\d.,]+) long comments/s for ([\d.]+) s; then .* ([\d.,]+) posts/s "
    r"for ([\d.]+) s"
)


@dataclass(frozen=True, slots=True)
class Run:
    """What was run, as its result says."""

    viewers: int
    slow: int
    slow_per_s: float
    slow_s: float
    crowded_per_s: float
    crowded_s: float

    @classmethod
    def of(cls, size: str) -> "Run":
        match = _SIZE.match(size)
        assert match is not None, size
        numbers = [float(each.replace(",", "")) for each in match.groups()]
        return cls(int(numbers[0]), int(numbers[1]), *numbers[2:])


def figures() -> dict[str, str]:
    found, ladder = Findings("backpressure"), Findings("degradation")
    run = Run.of(found.document["size"])
    return {
        "viewers": f"{run.viewers:,}",
        "slow": f"{run.slow}",
        "sim_slow": found.table(ENDINGS, OF_SLOW, "sim"),
        "live_slow": found.table(ENDINGS, OF_SLOW, "live"),
        "gap_slow": found.table(ENDINGS, ("fast_p99_ms", "slow_delivered_pct", "queued_peak_kb"), "gap"),
        "sim_crowded": found.table(CROWDED, OF_CROWDED, "sim"),
        "live_crowded": found.table(CROWDED, OF_CROWDED, "live"),
        "gap_crowded": found.table(CROWDED, OF_CROWDED[:3], "gap"),
        "sim_ladder": ladder.table(LADDERS, OF_LADDER, "sim"),
        "live_ladder": ladder.table(LADDERS, OF_LADDER, "live"),
        "ladder_ranking": "{alike:g} of {pairs:g}".format(**ladder.document["ranking"]),
        **_others(),
        **_until_the_bound(found, run),
        **_endings(found, run),
        **_too_many(found, run),
        **_ladder(ladder),
        **_soak(),
        **_bounds(),
    }


def _others() -> dict[str, str]:
    """What stopped readers cost the others, with a window, beside how much runs without them differ."""
    rows = bench("fanout-stalled")["rows"]
    plain = _row(rows, "livecomments", 1_000)
    without, ratio = _p99s_ms(plain), _slowed(rows, 1_000)
    noise = (max(without) - min(without)) / statistics.median(without)
    below = {1 + noise: "no later than from run to run anyway", 3: "about twice as late"}
    return {
        "outcome_1": which(ratio, below, "as late as the slowest of them reads"),
        "stalled_ratio": f"{ratio:.2f}",
        "stalled_noise": spoken.rounded_percent(noise),
        "stalled_viewers": f"{plain['viewers']:,}",
        "stalled_large": f"{_slowed(rows, 5_000):.2f}",
    }


def _slowed(rows: Rows, viewers: int) -> float:
    """The p99 with stopped readers over that without, round by round."""
    without, beside = (_p99s_ms(_row(rows, server, viewers)) for server in ("livecomments", "livecomments-stalled"))
    return statistics.median(after / before for before, after in zip(without, beside, strict=True))


def _row(rows: Rows, server: str, viewers: int) -> Mapping[str, Any]:
    return next(row for row in rows if row["server"] == server and row["viewers"] == viewers)


def _p99s_ms(row: Mapping[str, Any]) -> list[float]:
    return [each["p99_ms"] for each in row["runs"]]


def _until_the_bound(found: Findings, run: Run) -> dict[str, str]:
    """A queue grows by what comes less what goes; the kernels' part of it comes first."""
    costs, bound_bytes = found.document["costs"]["readers"], CASE.queue_bytes
    per_s = run.slow_per_s * costs["comment_bytes"]
    hidden_bytes = costs["kernel_bytes"]
    alone_s, whole_s = bound_bytes / per_s, (bound_bytes + hidden_bytes) / per_s
    ratio = whole_s / alone_s
    below = {1.3: "the bound over the rate, and no more", 3: "about twice that"}
    return {
        "outcome_2": which(ratio, below, "many times that"),
        "comment_kb": f"{costs['comment_bytes'] / 1024:.1f}",
        "slow_per_s": f"{run.slow_per_s:g}",
        "rate_kb": f"{per_s / 1024:,.0f}",
        "bound_kb": f"{bound_bytes / 1024:.0f}",
        "kernel_kb": f"{hidden_bytes / 1024:.0f}",
        "alone_s": f"{alone_s:.2f}",
        "whole_s": f"{whole_s:.2f}",
        "tenth_s": f"{whole_s / 0.9:.2f}",
        "hour_mb": f"{per_s * 3_600 / MIB:,.0f}",
    }


def delivered_share(run: Run, comment_bytes: float, held_bytes: float) -> float:
    """Of the stream, to the slow ones on average, where the oldest are dropped: half of them read a tenth of it."""
    stream_bytes = run.slow_per_s * run.slow_s * comment_bytes
    tenth = run.slow_per_s * COMMENT_BYTES / 10 * (run.slow_s + SETTLE_S) / stream_bytes
    start_s, end_s = 1 / 8, 5 / 8  # of the run; the other half reads nothing in between
    stalled = 1 - max(0.0, (end_s - start_s) - held_bytes / stream_bytes)
    return (tenth + stalled) / 2


def _endings(found: Findings, run: Run) -> dict[str, str]:
    shares = {ending: found.value(ending, "slow_delivered_pct") for ending in ENDINGS}
    first, second = sorted(shares, key=shares.__getitem__, reverse=True)[:2]
    costs = found.document["costs"]["readers"]
    share = delivered_share(run, costs["comment_bytes"], costs["kernel_bytes"] + CASE.queue_bytes)
    slow_ms = [found.value(ending, "fast_p99_ms") for ending in ENDINGS]
    return {
        "outcome_3": first if shares[first] - shares[second] > 5 else "there is no difference to speak of",
        "share_closed": spoken.rounded_percent(share),
        **{f"share_{ending}": found.live(ending, "slow_delivered_pct") for ending in ENDINGS},
        **{f"skipped_{ending}": found.live(ending, "slow_skipped_pct") for ending in ENDINGS},
        "share_sim": found.simulated("drop_oldest", "slow_delivered_pct"),
        "reconnects": f"{found.value('disconnect', 'reconnects'):.0f}",
        "fast_ms": f"{min(slow_ms):.0f} to {max(slow_ms):.0f}",
        "window_ms": f"{CASE.window_ms:g}",
        "lost": f"{sum(found.value(ending, 'lost') for ending in ENDINGS):.0f}",
        "queue_kb": found.live("disconnect", "queued_peak_kb"),
    }


def _too_many(found: Findings, run: Run) -> dict[str, str]:
    """Authors that are too many: what a queue's length changes, and what a limit does."""
    free, limited = (
        {name: found.value(variant, name) for name in ("accepted_per_s", "fast_p99_ms")} for variant in CROWDED
    )
    fewer = limited["accepted_per_s"] < 0.9 * free["accepted_per_s"]
    sooner = limited["fast_p99_ms"] < free["fast_p99_ms"] / 2
    drain_per_s = free["accepted_per_s"]
    offered = run.crowded_per_s / drain_per_s
    burst, period_s = cases(0)["authors_limited"].rate
    most_per_s = AUTHORS * (burst + burst / period_s * run.crowded_s) / run.crowded_s
    waiting = GroupCommitConfig().waiting_max
    late = [found.error_of(ending, "fast_p99_ms") for ending in ENDINGS]
    return {
        "outcome_4": f"{'fewer' if fewer else 'as many'} are accepted, "
        f"and what is accepted is shown {'much sooner' if sooner else 'no sooner'}",
        "offered_per_s": f"{run.crowded_per_s:,.0f}",
        "crowded_s": f"{run.crowded_s:g}",
        "drain_per_s": f"{drain_per_s:,.0f}",
        "overload": f"{offered:.2f}",
        "refused_at_least": spoken.rounded_percent(max(0.0, 1 - 1 / offered)),
        "wait_closed_s": f"{max(0.0, offered - 1) * run.crowded_s:.2f}",
        "wait_live_s": f"{free['fast_p99_ms'] / 1e3:.2f}",
        "wait_sim_s": f"{found.value(CROWDED[0], 'fast_p99_ms', 'sim') / 1e3:.2f}",
        "limited_ms": f"{limited['fast_p99_ms']:,.0f}",
        "limited_per_s": f"{limited['accepted_per_s']:,.0f}",
        "authors": f"{AUTHORS}",
        "burst": f"{burst}",
        "bucket_per_s": f"{most_per_s:,.0f}",
        "rooms": _rooms(run.crowded_per_s, drain_per_s),
        "commit_waiting": f"{waiting:,}",
        "commit_wait_s": f"{waiting / drain_per_s:.0f}",
        "gap_free": found.gap(CROWDED[0], "fast_p99_ms"),
        "gap_limited": found.gap(CROWDED[1], "fast_p99_ms"),
        "gap_fast": " to ".join(spoken.signed(each) for each in (min(late), max(late))),
    }


def _rooms(arrivals_per_s: float, drain_per_s: float) -> str:
    """M/M/1/K: what is refused, and how long the others are inside, by the places there are."""
    rows = []
    for places in ROOMS:
        lost = theory.mm1k_lost(arrivals_per_s, 1 / drain_per_s, places)
        mean_s = theory.mm1k_mean_s(arrivals_per_s, 1 / drain_per_s, places)
        rows.append([f"{places:,}", spoken.rounded_percent(lost, 1), f"{1000 * mean_s:.0f}"])
    return tables.markdown(["places", "refused", "the others wait, ms"], rows, "|--:|")


def _ladder(ladder: Findings) -> dict[str, str]:
    """Which of the two takes more at the highest load, in words, and why that can be."""
    on, off = (ladder.value(name, "accepted_per_s") for name in ("ladder", "no-ladder"))
    verdict = "about as many" if abs(on / off - 1) < 0.1 else "more" if on > off else "fewer"
    read_only = ladder.value("ladder", "read_only_x") > 0
    why = {
        "fewer": "At its last rung it refuses every comment for as long as the load lasts, and a refusal is not free"
        if read_only
        else "What it left out was not what posts waited for",
        "more": "What it left out was time that posts could use",
        "about as many": "What it left out was for the viewers, and posts waited for other things",
    }[verdict]
    moderated = [ladder.value(name, "moderated_pct") for name in ("ladder", "no-ladder")]
    return {
        "ladder_verdict": verdict,
        "ladder_why": why,
        "ladder_per_s": f"{on:,.0f}",
        "no_ladder_per_s": f"{off:,.0f}",
        "ladder_frames": f"{ladder.value('ladder', 'frames_per_s'):.1f}",
        "no_ladder_frames": f"{ladder.value('no-ladder', 'frames_per_s'):.1f}",
        "ladder_moderated": f"{moderated[0]:.0f} % against {moderated[1]:.0f} %",
        "ladder_gap": ladder.gap("ladder", "accepted_per_s"),
    }


def _soak() -> dict[str, str]:
    run = bench("soak")
    half, end = run["rss_kb"][len(run["rss_kb"]) // 2], run["rss_kb"][-1]
    return {
        "soak_viewers": f"{run['viewers']:,}",
        "soak_minutes": f"{run['at_s'][-1] / 60:.0f}",
        "soak_grown_mb": f"{(end - half) / 1024:.1f}",
        "soak_mb": f"{end / 1024:.0f}",
        "soak_delivered": f"{run['counts']['delivered'] / 1e6:.1f}",
        "soak_lost": f"{run['counts']['lost']:,}",
    }


def _bounds() -> dict[str, str]:
    """The server's own, and what they come to."""
    queue_bytes, viewers = BackpressureConfig().queue_bytes, ConnectionConfig().viewers_max
    rate = RateConfig()
    return {
        "queue_kib": f"{queue_bytes // 1024}",
        "viewers_max": f"{viewers:,}",
        "worst_gib": f"{viewers * queue_bytes / 2**30:.1f}",
        "edge_mib": f"{EDGE_BYTES // MIB}",
        "edge_full": f"{EDGE_BYTES // queue_bytes}",
        "rate_burst": f"{rate.burst}",
        "rate_period_s": f"{rate.period_s:g}",
        "rate_interval_s": f"{rate.interval_s:.1f}",
    }
