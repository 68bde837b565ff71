"""Figures of lesson 5: five ways of splitting a log, live and simulated, and what a few lines of theory say of them."""

from collections.abc import Mapping, Sequence
from statistics import fmean, median
from typing import Any

import numpy as np

from reference_impl.policy.partitioning import VIRTUAL_NODES, home
from simulation import theory
from simulation.bench.partitions_log import Measured
from simulation.course.outcomes import which
from simulation.docs import spoken
from simulation.docs.findings import Findings
from simulation.docs.results import bench, result
from simulation.experiments.hot_partition.family import CASE

AT_HOME, BY_TIME, BY_COMMENT, HOT_SPLIT = "by_stream", "by_time", "by_comment", "hot_split"
VARIANTS = (AT_HOME, BY_TIME, "by_user", BY_COMMENT, HOT_SPLIT)
WRITING = ("skew", "append_p50_ms", "append_p99_ms", "most_per_s")
READING = ("viral_page_partitions", "cold_page_partitions", "page_p99_ms")
CHOICES = {
    AT_HOME: "leave it at home",
    BY_TIME: "move it on to another partition now and then",
    BY_COMMENT: "spread every stream, by the comments' ids",
    HOT_SPLIT: "spread this stream alone, by the comments' ids",
}


def figures() -> dict[str, str]:
    found = Findings("hot_partition")
    return {**_setting(found), **_outcomes(found), **_theory(found), **_readers(found), **_tables(found), **_sweep()}


def _setting(found: Findings) -> dict[str, str]:
    return {
        "size": found.document["size"],
        "viral_share": spoken.rounded_percent(CASE.viral_share),
        "streams": f"{CASE.streams}",
        "per_s": f"{CASE.per_s:g}",
        "rows_per_s": f"{1e6 / CASE.row_us:,.0f}",
    }


def _outcomes(found: Findings) -> dict[str, str]:
    skew = found.value(AT_HOME, "skew")
    cold_share = _cold_wait_share()
    p99_ms = {variant: found.value(variant, "append_p99_ms") for variant in CHOICES}
    asked = found.value(BY_COMMENT, "cold_page_partitions")
    by_time, at_home = p99_ms[BY_TIME], p99_ms[AT_HOME]
    return {
        "outcome_1": which(
            skew,
            {
                1.25: "about as full as the others",
                2: "between one and two times the mean",
                3.5: "between two and four times the mean",
            },
            "all there is: four times the mean",
        ),
        "outcome_2": which(
            cold_share,
            {0.1: "those who write into the viral stream", 0.8: "those, and streams that share its partition"},
            "whoever writes anywhere",
        ),
        "outcome_3": CHOICES[min(p99_ms, key=lambda variant: p99_ms[variant])],
        "outcome_4": which(asked, {1.5: "one, its home", 3: "about two"}, "nearly every one of them"),
        "skew": found.live(AT_HOME, "skew"),
        "cold_share": spoken.rounded_percent(cold_share),
        "at_home_p99": found.live(AT_HOME, "append_p99_ms"),
        "best_p99": found.live(min(p99_ms, key=lambda variant: p99_ms[variant]), "append_p99_ms"),
        "by_time_times": f"{by_time / at_home:.1f}",
        "by_comment_pages": found.live(BY_COMMENT, "cold_page_partitions"),
        "hot_split_pages": found.live(HOT_SPLIT, "cold_page_partitions"),
        "skew_said": f"{skew:.1f}",
        "viral_pages_said": f"{found.value(HOT_SPLIT, 'viral_page_partitions'):.0f}",
    }


def _cold_wait_share() -> float:
    """The median wait of the cold streams over that of all, where everything stays at home (bench partitions)."""
    document = bench("partitions")
    rows = [Measured(**row) for row in document["rows"] if row["strategy"] == AT_HOME]
    slow_us = max(row.row_us for row in rows)
    return median(row.cold_p50_ms / row.append_p50_ms for row in rows if row.row_us == slow_us)


def expected_skew(viral_share: float, partitions: int) -> float:
    """The viral stream's partition has all of that, and its share of the rest: v + (1 - v) / P of a mean of 1 / P."""
    return partitions * (viral_share + (1 - viral_share) / partitions)


def skew_of_these_names() -> float:
    """The same with the experiment's own streams, Zipf's shares and homes."""
    weights = [1 / rank**CASE.zipf for rank in range(1, CASE.streams)]
    shares = [CASE.viral_share, *((1 - CASE.viral_share) * each / sum(weights) for each in weights)]
    loads = [0.0] * CASE.partitions
    for name, share in zip(CASE.names, shares, strict=True):
        loads[home(name, CASE.partitions)] += share
    return CASE.partitions * max(loads)


def rows_for_a_comment() -> float:
    """Rows that the viral stream's partition writes for each comment of the log; one in P of all keys is there."""
    return 1 / CASE.partitions + expected_skew(CASE.viral_share, CASE.partitions) / CASE.partitions


def _theory(found: Findings) -> dict[str, str]:
    row_s = CASE.row_us / 1e6
    rows_per_s = CASE.per_s * rows_for_a_comment()
    busy = theory.utilisation(rows_per_s, row_s)
    md1_p50_ms, md1_p99_ms = (1000 * theory.md1_quantile_s(rows_per_s, row_s, share) for share in (0.5, 0.99))
    return {
        "expected_skew": f"{expected_skew(CASE.viral_share, CASE.partitions):.1f}",
        "names_skew": f"{skew_of_these_names():.2f}",
        "skew_sim": found.simulated(AT_HOME, "skew"),
        "ring_apart": spoken.rounded_percent(1 / VIRTUAL_NODES**0.5),
        "virtual_nodes": f"{VIRTUAL_NODES}",
        "by_comment_skew_sim": found.simulated(BY_COMMENT, "skew"),
        "rows_for_a_comment": f"{rows_for_a_comment():.2f}",
        "hot_rows_per_s": f"{rows_per_s:.0f}",
        "utilisation": spoken.rounded_percent(busy),
        "capacity": f"{1 / (row_s * rows_for_a_comment()):,.0f}",
        "capacity_sim": found.simulated(AT_HOME, "most_per_s"),
        "md1_mean": f"{1000 * theory.md1_mean_s(rows_per_s, row_s):.1f}",
        "md1_p99": f"{md1_p99_ms:.1f}",
        "p50_sim": found.simulated(AT_HOME, "append_p50_ms"),
        "p50_times": f"{found.value(AT_HOME, 'append_p50_ms', 'sim') / md1_p50_ms:.0f}",
        "error_p99": found.error(AT_HOME, "append_p99_ms"),
        "noise_p99": found.noise(AT_HOME, "append_p99_ms"),
    }


def _readers(found: Findings) -> dict[str, str]:
    """The page that asks one partition, and what the slowest of several would take if they were independent."""
    one, count = found.document["costs"]["pages_s"]["1"], CASE.partitions
    all_ = found.document["costs"]["pages_s"][str(count)]
    return {
        "any_slow": spoken.rounded_percent(1 - 0.99**count, 1),
        "hundred_slow": spoken.rounded_percent(1 - 0.99**100),
        "gathered_quantile": f"{100 * 0.99 ** (1 / count):.2f}",
        "one_p99": f"{1000 * float(np.quantile(one, 0.99)):.1f}",
        "gathered_p99": f"{1000 * float(np.quantile(one, 0.99 ** (1 / count))):.1f}",
        "all_p99": f"{1000 * float(np.quantile(all_, 0.99)):.1f}",
    }


def _tables(found: Findings) -> dict[str, str]:
    beyond = [each for each in VARIANTS if found.beyond_noise(each, "append_p99_ms")]
    return {
        "beyond": ", ".join(f"`{each}` {found.gap(each, 'append_p99_ms')}" for each in beyond) or "none",
        "home_most": found.error(AT_HOME, "most_per_s"),
        "spread_most": found.gap(BY_COMMENT, "most_per_s"),
        "split_most": found.gap(HOT_SPLIT, "most_per_s"),
        "simulated": found.table(VARIANTS, WRITING, "sim"),
        "simulated_reads": found.table(VARIANTS, READING[:2], "sim"),
        "live": found.table(VARIANTS, WRITING, "live"),
        "live_reads": found.table(VARIANTS, READING, "live"),
        "gap": found.table(VARIANTS, WRITING, "gap"),
        "alike": f"{found.document['ranking']['alike']} of {found.document['ranking']['pairs']}",
    }


def _sweep() -> dict[str, str]:
    """How hot the stream must be: from `run hot_partition --sweep viral_share=…`, in the model."""
    points = {point["at"]["viral_share"]: point["observations"] for point in result("sweep")["points"]}
    shares = sorted(points)
    pays = [share for share in shares if _p99_ms(points[share], HOT_SPLIT) < _p99_ms(points[share], AT_HOME)]
    return {
        "coolest": spoken.rounded_percent(shares[0]),
        "hottest": spoken.rounded_percent(shares[-1]),
        "coolest_home": f"{_p99_ms(points[shares[0]], AT_HOME):,.0f}",
        "coolest_split": f"{_p99_ms(points[shares[0]], HOT_SPLIT):,.0f}",
        "hottest_home": f"{_p99_ms(points[shares[-1]], AT_HOME):,.0f}",
        "hottest_split": f"{_p99_ms(points[shares[-1]], HOT_SPLIT):,.0f}",
        "pays_from": f"from {spoken.rounded_percent(min(pays))} on" if pays else "at none of these sizes",
    }


def _p99_ms(observations: Sequence[Mapping[str, Any]], variant: str) -> float:
    return fmean(each["values"]["append_p99_ms"] for each in observations if each["variant"] == variant)
