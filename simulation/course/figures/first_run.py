"""Figures of the first run: which stage takes the longest, at the median and in the tail."""

from simulation.docs.results import result
from simulation.result import STAGES

ASKED = ("p50", "p99")


def figures() -> dict[str, str]:
    ms = result("up")["runs"][0]["latency_ms"]
    found: dict[str, str] = {}
    for number, quantile in enumerate(ASKED, 1):
        stages = (each for each in STAGES if each != "end_to_end")
        first, second, *_ = sorted(stages, key=lambda each: -ms[each][quantile])
        found |= {
            f"outcome_{number}": first,
            f"first_{quantile}": f"{ms[first][quantile]:.1f}",
            f"second_{quantile}": second,
            f"next_{quantile}": f"{ms[second][quantile]:.1f}",
            f"way_{quantile}": f"{ms['end_to_end'][quantile]:.1f}",
        }
    return found
