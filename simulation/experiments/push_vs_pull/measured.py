"""What one run of either engine gave."""

from dataclasses import dataclass

import numpy as np

from simulation.result import Seconds

MICROS = 1e6
FULL = 0.95  # of a core; more than that nobody gets out of it


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """``latencies_s``: of each comment at each viewer, or as many of them as stand for all; shape (n,).

    The other figures are of ``seconds``, of all viewers: CPU of the server's processes and of its caches', in seconds
    of one core. ``processes`` is how many of either there are, or would have to be.
    """

    viewers: int
    seconds: float
    latencies_s: Seconds
    requests: float
    answers: float
    empty: float
    server_s: float
    cache_s: float
    wire_bytes: float
    processes: int
    lost: float = 0.0
    doubled: float = 0.0

    def why_full(self) -> str:
        """Why its freshness tells nothing but how long it went on, if so; only of one whose processes have one core."""
        share = (self.server_s + self.cache_s) / self.seconds
        return f"the server's core was full ({share:.0%}): whatever is asked of it waits ever longer" * (share > FULL)

    def values(self) -> dict[str, float]:
        """The measures by name."""
        p50_s, p99_s = np.percentile(self.latencies_s, (50, 99)) if len(self.latencies_s) else (np.nan, np.nan)
        viewer_seconds = self.viewers * self.seconds
        return {
            "freshness_p50_ms": float(p50_s) * 1000,
            "freshness_p99_ms": float(p99_s) * 1000,
            "requests_per_s": self.requests / self.seconds,
            "empty_pct": 100 * self.empty / self.answers if self.answers else 0.0,
            "cpu_us_per_viewer_s": MICROS * self.server_s / viewer_seconds,
            "cache_us_per_viewer_s": MICROS * self.cache_s / viewer_seconds,
            "bytes_per_viewer_s": self.wire_bytes / viewer_seconds,
            "processes": float(self.processes),
            "lost": self.lost,
            "doubled": self.doubled,
        }
