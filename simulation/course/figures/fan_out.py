"""Figures of lesson 4: the experiment fan_out, what a delivery costs, and the closed forms of crowds and trees."""

from collections import Counter
from math import ceil, log
from typing import Any

import numpy as np

from reference_impl.policy.connections import ConnectionConfig
from simulation import tables
from simulation.calibration import NEAREST, Calibration, Samples
from simulation.course import measured
from simulation.course.capacity import Demand
from simulation.course.outcomes import nearest_ms, which
from simulation.docs import spoken
from simulation.docs.findings import Findings
from simulation.docs.results import bench
from simulation.experiments.fan_out.family import SIZE, Size, scenario
from simulation.experiments.push_vs_pull.crowd import HOP_S
from simulation.theory import batch_md1_mean_s

WRITES = ("write-at-once", "write-20ms", "write-100ms", "write-queues")
ALL = (*WRITES, "read-1s", "hybrid-2s", "tree-2")
MEASURES = ("p50_ms", "p99_ms", "server_busy_pct", "deliveries_per_s")
SHARDS = 100
TALK_VIEWERS, TALK_PER_S = 10_000, 100  # likes. Source: Gupta, "Streaming a Million Likes/Second", QCon London 2020
CROWD, SHOWN_PER_S = 10_000_000, 20  # comments, of a stream in crowd mode
BUSY = 0.6  # of an edge's core
WIDE_S = 0.200  # a window that holds more than one of them
FAN_OUTS = (2, 5, 15, 50, 200)


def figures() -> dict[str, str]:
    found = Findings("fan_out")
    return {
        "viewers": f"{SIZE.viewers:,}", "rate": f"{SIZE.rate_per_s:g}",
        "ideal_per_s": f"{SIZE.viewers * SIZE.rate_per_s:,.0f}",
        "talk_viewers": f"{TALK_VIEWERS:,}", "talk_rate": f"{TALK_PER_S}",
        "talk_per_s": f"{TALK_VIEWERS * TALK_PER_S:,}",
        "window_ms": f"{scenario('write-20ms', 0).system.window_ms:g}",
        **_outcomes(found), **_deliveries(found), **_crowd(), **_edges(),
        "closed_form": _closed_table(found),
        "trees": _trees(),
        "simulated": found.table(ALL, MEASURES, "sim"), "live": found.table(ALL, MEASURES, "live"),
        "gaps": found.table(ALL, MEASURES[:3], "gap"),
        "tail_noise": found.noise("write-queues", "p99_ms"), "window_error": found.error("write-20ms", "p50_ms"),
        "window_noise": found.noise("write-20ms", "p50_ms"), "read_error": found.error("read-1s", "server_busy_pct"),
        "wide_error": found.error("write-100ms", "server_busy_pct"),
        "window_busy_gap": found.gap("write-20ms", "server_busy_pct"),
        "window_busy_sim": found.simulated("write-20ms", "server_busy_pct"),
        "at_once_busy_sim": found.simulated("write-at-once", "server_busy_pct"),
        "machine": found.machine,
    }  # fmt: skip


def _outcomes(found: Findings) -> dict[str, str]:
    def busy(variant: str) -> float:
        return found.value(variant, "server_busy_pct")

    window, tree = busy("write-100ms") / busy("write-at-once"), busy("tree-2") / busy("write-20ms")
    late_ms = found.value("hybrid-2s", "p50_ms")
    return {
        "outcome_1": which(window, {0.13: "a tenth", 0.35: "a fifth", 0.8: "about half"}, "all of it"),
        "outcome_2": nearest_ms(late_ms, "20 ms", "400 ms", "750 ms", "1,000 ms"),
        "outcome_3": which(tree, {0.2: "nearly nothing", 0.8: "about half"}, "nearly everything"),
        "outcome_4": which(reaching(1_000, SHARDS), {0.05: "a hundredth", 0.5: "a tenth"}, "all of them"),
        "at_once_busy": found.live("write-at-once", "server_busy_pct"),
        "wide_busy": found.live("write-100ms", "server_busy_pct"),
        "window_busy": found.live("write-20ms", "server_busy_pct"),
        "tree_busy": found.live("tree-2", "server_busy_pct"), "hybrid_p50": found.live("hybrid-2s", "p50_ms"),
        "at_once_p50": f"{found.value('write-at-once', 'p50_ms'):.0f}",
    }  # fmt: skip


def reaching(comments: int, shards: int) -> float:
    """Of a stream's comments, spread over shards of its channel, the share that an edge with viewers of it gets."""
    placed = Counter(number % shards for number in range(comments))
    followed = set(placed)  # each of them has some of what its viewers are to see
    return sum(placed[shard] for shard in followed) / comments


def mixture_s(pushed_share: float, every_s: float, share: float) -> float:
    """What ``share`` of deliveries wait less than where a part is pushed to at once, and the rest polls."""
    return max(0.0, (share - pushed_share) / (1 - pushed_share)) * every_s


def at_once_s(costs: Calibration, size: Size) -> float:
    """The mean way of a comment that is written to everybody at once: post, commit, and a fan-out as M^[X]/D/1."""
    gap_s = 1 / size.rate_per_s
    posts, commits, handovers = (_near(rows, 0, gap_s) for rows in (costs.posts, costs.commits, costs.handovers))
    fan_outs = _near(costs.fan_outs, 1, gap_s)
    before_s = float(
        posts[:, 1:].sum(1).mean() + commits[:, 2].mean() + handovers[:, 1:].sum(1).mean() + costs.hops.mean()
    )
    lag_s, span_s = float(fan_outs[:, 4].mean()), float(fan_outs[:, 5].mean())
    write_s = (span_s - lag_s) / size.viewers
    return before_s + lag_s + batch_md1_mean_s(size.rate_per_s, write_s, size.viewers, 0.0)


def _near(rows: Samples, column: int, gap_s: float) -> Samples:
    """The samples that were taken after a pause like this one."""
    apart = np.abs(np.log(np.maximum(rows[:, column], 1e-6)) - log(gap_s))
    return rows[np.argsort(apart, kind="stable")[:NEAREST]]


def _closed_table(found: Findings) -> str:
    costs = Calibration.of(found.document["costs"]["write-at-once"])
    audience = scenario("hybrid-2s", 0).audience
    mixed = audience.pushed / audience.viewers, audience.poll_s
    rows = [
        ("deliveries/s", SIZE.viewers * SIZE.rate_per_s, "write-at-once", "deliveries_per_s"),
        ("`write-at-once`: mean (simulated: p50), ms", 1000 * at_once_s(costs, SIZE), "write-at-once", "p50_ms"),
        ("`read-1s`: p50, ms", 1000 * mixture_s(0.0, 1.0, 0.5), "read-1s", "p50_ms"),
        ("`read-1s`: p99, ms", 1000 * mixture_s(0.0, 1.0, 0.99), "read-1s", "p99_ms"),
        ("`hybrid-2s`: p50, ms", 1000 * mixture_s(*mixed, 0.5), "hybrid-2s", "p50_ms"),
        ("`hybrid-2s`: p99, ms", 1000 * mixture_s(*mixed, 0.99), "hybrid-2s", "p99_ms"),
    ]
    lines = (
        [called, f"{value:,.{0 if value >= 100 else 1}f}", found.simulated(variant, measure)]
        for called, value, variant, measure in rows
    )
    return tables.markdown(["", "closed form", "simulated"], lines, "|---|--:|")


def delivery_us(document: str, server: str) -> float:
    """What a delivery to a thousand viewers took of a core."""
    return float(_benched(document, server)["cpu_us_per_delivery"])


def _comments_per_write(document: str) -> float:
    """About so many come within a window."""
    row = _benched(document, "livecomments")
    return float(row["deliveries_per_s"] / row["viewers"] * row["window_ms"] / 1000)


def _benched(document: str, server: str) -> dict[str, Any]:
    rows: list[dict[str, Any]] = bench(document)["rows"]
    return next(row for row in rows if row["server"] == server and row["viewers"] == 1_000)


def _deliveries(found: Findings) -> dict[str, str]:
    at_once, window = delivery_us("fanout-1000-sse", "livecomments"), delivery_us("fanout-window", "livecomments")
    queues = found.value("write-queues", "server_busy_pct") / found.value("write-20ms", "server_busy_pct")
    return {
        "delivery_us": f"{at_once:.1f}", "window_us": f"{window:.2f}",
        "floor_us": f"{delivery_us('fanout-1000-sse', 'floor'):.1f}",
        "shared": f"{_comments_per_write('fanout-window'):.0f}",
        "per_core": spoken.many(1e6 / at_once), "per_core_window": spoken.many(1e6 / window),
        "window_times": f"{at_once / window:.0f}", "queues_times": f"{queues:.1f}",
    }  # fmt: skip


def levels_of(edges: int, fan_out: int) -> list[int]:
    """Nodes from the root down to the edges."""
    levels = [edges]
    while levels[0] > 1:
        levels.insert(0, -(-levels[0] // fan_out))
    return levels


def edges_of(window_s: float) -> int:
    """Edges that write to the crowd what it is shown, so many of a core's time as is given; or as hold its connections.

    A write costs about the same whether it holds one comment or several, and a window makes one of those within it.
    """
    write_us, shared = delivery_us("fanout-1000-sse", "livecomments"), _comments_per_write("fanout-window")
    more_us = (delivery_us("fanout-window", "livecomments") * shared - write_us) / (shared - 1)
    writes_per_s = min(SHOWN_PER_S, 1 / window_s)
    each_us = writes_per_s * write_us + (SHOWN_PER_S - writes_per_s) * more_us
    return ceil(max(CROWD * each_us / 1e6 / BUSY, CROWD / ConnectionConfig().viewers_max))


def _crowd() -> dict[str, str]:
    edges = edges_of(WIDE_S)
    full = CROWD // edges
    return {
        "crowd": f"{CROWD:,}", "shown_per_s": f"{SHOWN_PER_S}", "crowd_per_s": f"{CROWD * SHOWN_PER_S:,}",
        "edges_narrow": f"{edges_of(scenario('write-20ms', 0).system.window_ms / 1000):,}", "edges_wide": f"{edges:,}",
        "wide_ms": f"{1000 * WIDE_S:g}", "busy": f"{100 * BUSY:g}", "full": f"{full:,}",
        "full_ms": f"{full * delivery_us('fanout-1000-sse', 'livecomments') / 1000:,.0f}",
        "hop_ms": f"{1000 * HOP_S:g}",
        **_as_in_lesson_1(),
    }  # fmt: skip


def _as_in_lesson_1() -> dict[str, str]:
    """The same crowd by the costs and the share of a core that are counted with there."""
    edge = measured.edge()
    crowd = Demand(
        viewers=CROWD, comments_per_s=CROWD, comment_bytes=measured.comment_bytes(), shown_per_s=SHOWN_PER_S,
        window_s=WIDE_S,
    )  # fmt: skip
    return {
        "edges_before": f"{edge.edges(crowd).needed:,}", "busy_before": f"{100 * edge.busy_max:.0f}",
        "write_before_us": f"{1e6 * edge.write_s:g}",
    }  # fmt: skip


def _trees() -> str:
    """For the crowd's edges: a row for each fan-out of the nodes above them."""
    at_once_us = delivery_us("fanout-1000-sse", "livecomments")
    edges = edges_of(WIDE_S)
    rows = []
    for fan_out in FAN_OUTS:
        levels = levels_of(edges, fan_out)
        late_ms = (len(levels) - 1) * (fan_out * at_once_us / 1000 + 1000 * HOP_S)
        nodes = " → ".join(map(str, levels))
        sent, without = f"{fan_out * SHOWN_PER_S:,}", f"{CROWD // levels[1]:,}"
        rows.append([f"{fan_out}", nodes, f"{late_ms:.1f}", sent, without])
    head = (
        "below a node", "nodes, from the root to the edges", "adds, ms", "a node sends, messages/s",
        "without, when one below the root dies",
    )  # fmt: skip
    return tables.markdown(head, rows, "|--:|---|--:|")


def _edges() -> dict[str, str]:
    """The same crowd at the server alone and behind an edge, on the two cores of one machine."""
    rows = {row["edges"]: row for row in bench("edges")["rows"]}
    return {
        "bench_viewers": f"{rows[1]['viewers']:,}", "bench_per_s": f"{rows[1]['deliveries_per_s']:,.0f}",
        **{f"p50_of_{edges}": _p50(row) for edges, row in rows.items()},
    }  # fmt: skip


def _p50(row: dict[str, Any]) -> str:
    """With why it does not count, if it does not."""
    void = f" (which does not count by the benchmark's own rule: {row['why_void']})" if row["why_void"] else ""
    return f"{row['p50_ms']:.0f} ms{void}"
