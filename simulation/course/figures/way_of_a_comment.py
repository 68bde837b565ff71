"""Figures of lesson 2: one run of `up`, live and simulated."""

from simulation.docs.findings import result

STAGES = ("api", "log", "broker", "hub", "socket")


def figures() -> dict[str, str]:
    document = result("up")
    scenario, (live, _) = document["scenario"], document["runs"]
    latency = live["latency_ms"]
    slowest = max(STAGES, key=lambda stage: latency[stage]["p50"])
    sum_p99, total_p99 = sum(latency[stage]["p99"] for stage in STAGES), latency["end_to_end"]["p99"]
    return {
        "viewers": f"{scenario['audience']['viewers']:,}",
        "speed": f"{scenario['workload']['speed']:g}",
        "window_ms": f"{scenario['system']['window_ms']:g}",
        "outcome_1": slowest,
        "hub_p50": f"{latency['hub']['p50']:.1f}",
        "total_p50": f"{latency['end_to_end']['p50']:.1f}",
        "outcome_2": "about the same"
        if abs(total_p99 / sum_p99 - 1) < 0.05
        else "smaller"
        if total_p99 < sum_p99
        else "larger",
        "sum_p99": f"{sum_p99:.1f}",
        "total_p99": f"{total_p99:.1f}",
    }
