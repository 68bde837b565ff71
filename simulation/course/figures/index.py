"""Figures of the home page: the run that its picture shows."""

from simulation.docs.results import result


def figures() -> dict[str, str]:
    document = result("up")
    live, simulated = document["runs"]
    counts = live["counts"]
    return {
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
