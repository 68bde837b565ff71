"""Figures of lesson 3: the experiment push_vs_pull, and the closed forms of what it measures."""

from math import exp, sqrt
from statistics import fmean

from reference_impl.policy.polling import MANIFEST_FRESH_S, MANIFEST_REMEMBERED_S, PollingConfig
from reference_impl.protocol.segments import POLL_AFTER_MS, SEGMENT_MS, SETTLE_MS
from simulation import tables
from simulation.course.outcomes import nearest_ms, which
from simulation.docs import spoken
from simulation.docs.findings import Findings
from simulation.experiments.push_vs_pull.plan import Size

ASKED = ("poll-1s", "poll-2s", "poll-5s")
TOLD = ("sse", "websocket")
HERE = (*ASKED, "long-poll", *TOLD, "segments")
FRESHNESS = ("freshness_p50_ms", "freshness_p99_ms")
COSTS = ("requests_per_s", "empty_pct", "cpu_us_per_viewer_s", "bytes_per_viewer_s")
LEAST, MOST = 0.5, 1.5  # of a pause, as `spread_s` draws it
QUIET_PER_S = 0.1  # comments, of a stream that says something every ten seconds


def figures() -> dict[str, str]:
    found, size = Findings("push_vs_pull"), Size()
    return {
        "viewers": f"{size.viewers:,}", "rate": f"{size.rate_per_s:g}", "crowd": f"{size.crowd:,}",
        **_outcomes(found), **_closed(size), **_costs(found, size),
        "closed_form": _closed_table(found, size),
        "simulated": found.table(HERE, (*FRESHNESS, *COSTS), "sim"),
        "crowds": found.table([f"{each}-crowd" for each in HERE], (*FRESHNESS, "processes"), "sim"),
        "live": found.table(HERE, (*FRESHNESS, *COSTS), "live"),
        "gaps": found.table(HERE, (*FRESHNESS, "cpu_us_per_viewer_s", "bytes_per_viewer_s"), "gap"),
        "machine": found.machine,
    }  # fmt: skip


def _outcomes(found: Findings) -> dict[str, str]:
    late_ms = found.value("poll-1s", "freshness_p50_ms")
    asked = found.value("long-poll", "requests_per_s") / found.value("poll-1s", "requests_per_s")
    cpu = found.value("poll-1s", "cpu_us_per_viewer_s") / found.value("sse", "cpu_us_per_viewer_s")
    socket = found.value("websocket", "cpu_us_per_viewer_s") / found.value("sse", "cpu_us_per_viewer_s")
    return {
        "outcome_1": nearest_ms(late_ms, "20 ms", "250 ms", "500 ms", "1,000 ms"),
        "outcome_2": which(asked, {0.03: "nearly none", 0.5: "a third", 1.5: "about as many"}, "far more"),
        "outcome_3": which(cpu, {0.9: "less", 1.5: "as much", 4: "two or three times"}, "five times or more"),
        "outcome_4": which(socket, {0.75: "clearly less", 1.33: "no difference"}, "clearly more"),
        "poll_p50": found.live("poll-1s", FRESHNESS[0]), "long_requests": found.live("long-poll", "requests_per_s"),
        "poll_requests": found.live("poll-1s", "requests_per_s"),
        "cpu_ratio": f"{cpu:.1f}", "poll_cpu": found.live("poll-1s", "cpu_us_per_viewer_s"),
        "sse_cpu": found.live("sse", "cpu_us_per_viewer_s"), "ws_cpu": found.live("websocket", "cpu_us_per_viewer_s"),
    }  # fmt: skip


def polled_s(every_s: float, share: float) -> float:
    """What ``share`` of comments wait less than for a poll at fixed times: they come anywhere in the interval."""
    return share * every_s


def empty_share(per_s: float, every_s: float) -> float:
    """Of answers, those without a comment: of Poisson arrivals none comes in an interval."""
    return exp(-per_s * every_s)


def long_poll_cycle_s(per_s: float, pause_s: float) -> float:
    """From one answer to the next: a pause, half to one and a half of it, and if nothing came, until something does."""
    least_s, most_s = LEAST * pause_s, MOST * pause_s
    quiet = (exp(-per_s * least_s) - exp(-per_s * most_s)) / (per_s * (most_s - least_s))
    return pause_s + quiet / per_s


def long_poll_late_s(per_s: float, pause_s: float, share: float) -> float:
    """What ``share`` of comments wait less than: those of a pause for its end, the others not at all."""
    least_s, most_s = LEAST * pause_s, MOST * pause_s
    later_s = (1 - share) * long_poll_cycle_s(per_s, pause_s)  # of a cycle, in which a comment has to wait longer
    if later_s >= (most_s - least_s) / 2:
        return max(0.0, least_s + (most_s - least_s) / 2 - later_s)
    return most_s - sqrt(2 * (most_s - least_s) * later_s)


def segment_parts_s() -> dict[str, float]:
    """What a comment waits for in a segment, in the mean: nginx keeps for a second what it marks in whole seconds."""
    turn_s = POLL_AFTER_MS / 1000
    second_moment = (MOST**3 - LEAST**3) / (3 * (MOST - LEAST))
    return {
        "second": SEGMENT_MS / 2000, "settle": SETTLE_MS / 1000, "server": MANIFEST_REMEMBERED_S / 2,
        "cache": (MANIFEST_FRESH_S + 1) / 2, "turn": turn_s * second_moment / 2,
    }  # fmt: skip


def _closed(size: Size) -> dict[str, str]:
    parts, pause_s = segment_parts_s(), PollingConfig().busy_s
    quiet = long_poll_cycle_s(QUIET_PER_S, pause_s)
    return {
        "pause_s": f"{pause_s:g}", "cycle_s": f"{long_poll_cycle_s(size.rate_per_s, pause_s):.3f}",
        "empty_1s": spoken.rounded_percent(empty_share(size.rate_per_s, 1.0)),
        "quiet_every_s": f"{1 / QUIET_PER_S:g}", "quiet_cycle_s": f"{quiet:.1f}",
        "quiet_long": f"{size.viewers / quiet:.0f}", "quiet_poll": f"{size.viewers:.0f}",
        "quiet_empty": spoken.rounded_percent(empty_share(QUIET_PER_S, 1.0)),
        **{f"segment_{name}": f"{each:.2f}" for name, each in parts.items()},
        "segment_s": f"{sum(parts.values()):.2f}",
    }  # fmt: skip


def _closed_table(found: Findings, size: Size) -> str:
    pause_s, viewers = PollingConfig().busy_s, size.viewers
    rows = []
    for name in ASKED:
        every_s = float(name.removeprefix("poll-").removesuffix("s"))
        rows += [
            (f"`{name}`: p50, ms", f"{1000 * polled_s(every_s, 0.5):,.0f}", found.simulated(name, FRESHNESS[0])),
            (f"`{name}`: p99, ms", f"{1000 * polled_s(every_s, 0.99):,.0f}", found.simulated(name, FRESHNESS[1])),
            (f"`{name}`: requests/s", f"{viewers / every_s:,.0f}", found.simulated(name, "requests_per_s")),
        ]
    per_s = size.rate_per_s
    rows += [
        ("`long-poll`: p50, ms", _late(per_s, pause_s, 0.5), found.simulated("long-poll", FRESHNESS[0])),
        ("`long-poll`: p99, ms", _late(per_s, pause_s, 0.99), found.simulated("long-poll", FRESHNESS[1])),
        (
            "`long-poll`: requests/s", f"{viewers / long_poll_cycle_s(per_s, pause_s):,.0f}",
            found.simulated("long-poll", "requests_per_s"),
        ),
        (
            "`segments`: about, ms", f"{1000 * sum(segment_parts_s().values()):,.0f}",
            found.simulated("segments", FRESHNESS[0]),
        ),
    ]  # fmt: skip
    return tables.markdown(["", "closed form", "simulated"], rows, "|---|--:|")


def _late(per_s: float, pause_s: float, share: float) -> str:
    return f"{1000 * long_poll_late_s(per_s, pause_s, share):,.0f}"


def _costs(found: Findings, size: Size) -> dict[str, str]:
    """What a poll and a delivery take, and where the one overtakes the other."""
    poll_us = found.value("poll-1s", "cpu_us_per_viewer_s")
    push_us = found.value("sse", "cpu_us_per_viewer_s") / size.rate_per_s
    ratio_sim = found.value("poll-1s", "cpu_us_per_viewer_s", "sim") / found.value("sse", "cpu_us_per_viewer_s", "sim")
    runs = [each["values"]["empty_pct"] for each in found.document["observations"] if each["variant"] == "poll-1s"]
    cache = found.value("segments", "cache_us_per_viewer_s")
    return {
        "poll_us": f"{poll_us:,.0f}", "push_us": f"{push_us:.0f}", "even_per_s": f"{poll_us / push_us:.0f}",
        "empty_least": f"{min(runs):.0f}", "empty_most": f"{max(runs):.0f}", "empty_mean": f"{fmean(runs):.1f}",
        "crowd_sse_p50": found.simulated("sse-crowd", FRESHNESS[0]),
        "segment_cpu": f"{found.value('segments', 'cpu_us_per_viewer_s'):.0f}", "cache_cpu": f"{cache:.0f}",
        "segment_p50_s": f"{found.value('segments', FRESHNESS[0]) / 1000:.1f}",
        "sse_p50": f"{found.value('sse', FRESHNESS[0]):.0f}", "sse_error": found.error("sse", "cpu_us_per_viewer_s"),
        "sse_noise": found.noise("sse", "cpu_us_per_viewer_s"), "ratio_sim": f"{ratio_sim:.1f}",
        "poll_error": found.error("poll-1s", "cpu_us_per_viewer_s"),
        "long_gap": found.gap("long-poll", "cpu_us_per_viewer_s"),
        "cache_gap": found.gap("segments", "cache_us_per_viewer_s"),
        **{
            f"crowd_{name}": f"{found.value(f'{variant}-crowd', 'processes', 'sim'):,.0f}"
            for name, variant in (("poll", "poll-1s"), ("sse", "sse"), ("segments", "segments"))
        },
    }  # fmt: skip
