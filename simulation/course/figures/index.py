"""Figures of the home page: its picture, and a run that everybody can repeat."""

from simulation.docs import spoken
from simulation.docs.diagrams.live_and_model import NEAR_ONES, SCORED, WORST
from simulation.docs.results import result
from simulation.docs.scatter import NEAR


def figures() -> dict[str, str]:
    document = result("up")
    live, simulated = document["runs"]
    counts = live["counts"]
    return {
        "scenarios": str(len(SCORED)),
        "near": str(NEAR_ONES),
        "near_share": spoken.percent(NEAR - 1),
        "worst_error": spoken.signed(WORST.error("forecast")),
        "comments": f"{counts['accepted']:,}",
        "viewers": f"{document['scenario']['audience']['viewers']:,}",
        "deliveries": f"{counts['delivered']:,}",
        "lost": f"{counts['lost']:,}" if counts["lost"] else "none",
        **{
            f"{name}_{quantile}": f"{run['latency_ms']['end_to_end'][quantile]:.1f}"
            for name, run in (("live", live), ("sim", simulated))
            for quantile in ("p50", "p99")
        },
    }
