"""What one run of either engine gave."""

from dataclasses import dataclass

import numpy as np

from simulation.experiments.caching.plan import LATE_S


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """``waits_s`` of pages that were answered, ``asked`` of the cache, ``reads`` of pages from the log."""

    waits_s: list[float]
    failed: int
    hits: int
    asked: int
    reads: int
    seconds: float
    busy_s: float  # of a core, by all servers together
    servers: int = 1

    def values(self) -> dict[str, float]:
        """The measures by name."""
        waits_ms = np.array(self.waits_s) * 1000
        return {
            "hit_pct": 100 * self.hits / self.asked if self.asked else 0.0,
            "reads_per_s": self.reads / self.seconds / self.servers,
            "p50_ms": float(np.percentile(waits_ms, 50)),
            "p99_ms": float(np.percentile(waits_ms, 99)),
            "late_pct": 100 * float(np.mean(waits_ms > LATE_S * 1000)),
            "server_busy_pct": 100 * self.busy_s / self.seconds / self.servers,
            "failed": float(self.failed),
        }
