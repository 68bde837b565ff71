"""What a run comes to: figures by phase and region, the match second by second, and whether its books balance."""

from typing import Any

import numpy as np

from simulation.experiments.world_cup.bill import bill
from simulation.experiments.world_cup.match import Match
from simulation.model.frames import Ledger
from simulation.model.mixture import Array, quantile, quantiles
from simulation.model.region import Region
from simulation.replications import digest

BALANCED = 1e-9  # relative: sums of floats in different orders
Intervals = tuple[Array, Array, Array, Array]


def figures(match: Match) -> tuple[dict[str, float], dict[str, Any]]:
    """The measures, and the facts behind them."""
    of_region = {region.name: _intervals(region) for region in match.regions}
    everybody = _joined([*of_region.values(), *(cluster.caught_up.intervals() for cluster in match.clusters)])
    series = _series(match, of_region, everybody)
    phases = _phases(match, of_region)
    books = _books(match)
    gaps_s, weights = _gaps(match)
    lost_at, cut_at = match.plan.lost[0], match.plan.cut
    egress = np.array(series["egress_tbit_per_s"])
    paid = bill(match.plan, float(egress.mean()) * 1e12 / 8)
    values = {
        "p50_ms": 1000 * quantile(*everybody[1:], 0.5),
        "p99_ms": 1000 * quantile(*everybody[1:], 0.99),
        "before_p99_ms": phases["before"][lost_at]["p99_ms"],
        "lost_p99_ms": phases["second goal, cluster lost"][lost_at]["p99_ms"],
        "after_cut_p99_ms": phases["after"][cut_at]["p99_ms"],
        "gap_p50_s": _weighted(gaps_s, weights, 0.5),
        "gap_p99_s": _weighted(gaps_s, weights, 0.99),
        "away": float(match.away + match.given_up),
        "tries_peak_per_s": float(max(series["tries_per_s"])),
        "shown_per_s": float(np.mean(series["shown_per_s"])),
        "shed_pct": float(np.mean(series["shed_pct"])),
        "missed_ppm": 1e6 * books["missed"] / books["delivered"],
        "egress_tbit_per_s": float(egress.max()),
        "edges": float(match.plan.edges),
        "total_usd": paid["total_usd"],
    }
    facts = {
        "phases": phases,
        "series": series,
        "books": books,
        "bill": paid,
        "rooms": match.rooms,
        "posts": {
            "offered": match.offered, "accepted": len(match.stream), "limited": match.limited,
            "crowded_out": match.crowded_out, "unsent": match.unsent,
        },
        "rungs_most": max(int(max(cluster.rungs, default=0)) for cluster in match.clusters),
        "digest": digest([values, phases, series]),
    }  # fmt: skip
    return values, facts


def why_void(books: dict[str, float]) -> str:
    """Why a run whose books do not balance proves nothing; empty when they do."""
    if books["error"] > BALANCED:
        return f"delivered, shed and missed are {books['error']:.1e} off what was due"
    if books["littles_error"] > BALANCED:
        return f"Little's law is {books['littles_error']:.1e} off at an edge"
    return ""


def _intervals(region: Region) -> Intervals:
    """What was sent live or after a cut, in the order in which comments were meant.

    What those are given who come from a lost edge is not in it: their gap tells how late that is.
    """
    meant_s, lows, spans, weights = _joined([cluster.frames.intervals() for cluster in region.clusters])
    order = np.argsort(meant_s, kind="stable")
    return meant_s[order], lows[order], spans[order], weights[order]


def _joined(parts: list[Intervals]) -> Intervals:
    meant_s, lows, spans, weights = (np.concatenate(each) for each in zip(*parts, strict=True))
    return meant_s, lows, spans, weights


def _within(found: Intervals, begin_s: float, end_s: float) -> tuple[Array, Array, Array]:
    first, stop = np.searchsorted(found[0], [begin_s, end_s]).tolist()
    return found[1][first:stop], found[2][first:stop], found[3][first:stop]


def _phases(match: Match, of_region: dict[str, Intervals]) -> dict[str, dict[str, dict[str, float]]]:
    rows: dict[str, dict[str, dict[str, float]]] = {}
    for phase in match.plan.phases:
        rows[phase.name] = {}
        for region, found in of_region.items():
            lows, spans, weights = _within(found, phase.begin_s, phase.end_s)
            p50_s, p99_s = quantiles(lows, spans, weights, (0.5, 0.99)) if len(lows) else (0.0, 0.0)
            shown = float(weights.sum()) / match.plan.viewers_of(region) / (phase.end_s - phase.begin_s)
            rows[phase.name][region] = {"p50_ms": 1000 * p50_s, "p99_ms": 1000 * p99_s, "shown_per_s": shown}
    return rows


def _series(match: Match, of_region: dict[str, Intervals], everybody: Intervals) -> dict[str, Any]:
    """Second by second: latencies by when comments were meant, traffic by when it was."""
    plan = match.plan
    seconds, per_step = round(plan.seconds), round(1 / plan.step_s)
    shown = _per_second(everybody[0], everybody[3], seconds) / plan.viewers
    offered = _offered(match, seconds)
    frames = [each for cluster in match.clusters for each in (cluster.frames, cluster.caught_up)]
    starts_s = np.concatenate([each.starts_s for each in frames])
    sizes = np.concatenate([each.bytes for each in frames])
    tries = np.array(match.tries[: seconds * per_step]).reshape(seconds, per_step).sum(axis=1)
    watching = match.watching[per_step - 1 : seconds * per_step : per_step]
    joins = np.array(match.joins, dtype=np.float64).reshape(-1, 2)
    return {
        "watching": watching,
        "posted_per_s": _per_second(match.posted_s, np.ones(len(match.posted_s)), seconds).tolist(),
        "accepted_per_s": _per_second(match.stream.intended_s, np.ones(len(match.stream)), seconds).tolist(),
        "p99_ms": {region: _p99s(found, seconds) for region, found in of_region.items()},
        "shown_per_s": shown.round(3).tolist(),
        "shed_pct": (100 * (1 - shown / np.maximum(offered, 1e-9))).clip(0).round(2).tolist(),
        "egress_tbit_per_s": (_per_second(starts_s, sizes, seconds) * 8 / 1e12).round(6).tolist(),
        "tries_per_s": tries.tolist(),
        "joins_per_s": _per_second(joins[:, 0], joins[:, 1], seconds).tolist(),
    }


def _per_second(at_s: Array, weights: Array, seconds: int) -> Array:
    """Sums by second; what is past the end is left out."""
    kept = at_s < seconds
    sums: Array = np.bincount(at_s[kept].astype(np.int64), weights[kept], seconds).astype(np.float64)
    return sums


def _p99s(found: Intervals, seconds: int) -> list[float]:
    parts = (_within(found, second, second + 1) for second in range(seconds))
    return [round(1000 * quantile(*part, 0.99), 2) if len(part[0]) else 0.0 for part in parts]


def _offered(match: Match, seconds: int) -> Array:
    """Comments of a viewer's own room, on average over viewers."""
    shares = match.clusters[0].shares
    return _per_second(match.stream.intended_s, shares[match.stream.rooms], seconds)


def _books(match: Match) -> dict[str, float]:
    total = match.outside
    for cluster in match.clusters:
        total = total.plus(cluster.ledger)
    due = float(match.plan.viewers) * len(match.stream)
    return {
        **{name: getattr(total, name) for name in Ledger.__slots__},
        "due": due,
        "error": total.error(due),
        "littles_error": max(cluster.traffic.littles_error() for cluster in match.clusters),
        "messages": float(sum(len(cluster.traffic.ends_s) for cluster in match.clusters)),
    }


def _gaps(match: Match) -> tuple[Array, Array]:
    """How long viewers of the lost cluster were without an edge; those who still are count to the end."""
    rows = [(at_s - match.lost_s, float(count)) for at_s, count in match.joins if count]
    rows.append((match.plan.seconds - match.lost_s, float(match.away + match.given_up)))
    table = np.array(rows)
    return table[:, 0], table[:, 1]


def _weighted(values: Array, weights: Array, share: float) -> float:
    order = np.argsort(values, kind="stable")
    at = int(np.searchsorted(np.cumsum(weights[order]), share * weights.sum()))
    return float(values[order][min(at, len(order) - 1)])
