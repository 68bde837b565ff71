"""What the final costs: cores and bytes, at prices that are everybody's own to set."""

import math
from dataclasses import asdict, dataclass
from typing import Any

from simulation.experiments.world_cup.plan import Plan

POSTS_PER_CORE_S = 3_300.0  # of an API process, as `bench ingest` measured


@dataclass(frozen=True, slots=True, kw_only=True)
class Prices:
    """Round figures of what clouds ask in 2026, not anybody's offer; a contract for such a night asks less."""

    core_hour_usd: float = 0.05
    egress_gb_usd: float = 0.02
    hours: float = 2.5  # of the match, with what is before and after


def bill(plan: Plan, mean_bytes_per_s: float, prices: Prices | None = None) -> dict[str, Any]:
    """Edges, API processes and log partitions by the hour, and what viewers are sent by the byte."""
    paid = prices or Prices()
    apis = math.ceil(plan.peak_per_s / POSTS_PER_CORE_S / plan.busy_max)
    cores = plan.edges + apis + plan.partitions
    egress_gb = mean_bytes_per_s * paid.hours * 3600 / 1e9
    cores_usd = cores * paid.hours * paid.core_hour_usd
    egress_usd = egress_gb * paid.egress_gb_usd
    return {
        "edges": plan.edges,
        "api_processes": apis,
        "partitions": plan.partitions,
        "egress_tb": egress_gb / 1000,
        "cores_usd": cores_usd,
        "egress_usd": egress_usd,
        "total_usd": cores_usd + egress_usd,
        "prices": asdict(paid),
    }
