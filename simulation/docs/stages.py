"""What live runs and forecasts of a scenario of `livecomments report` say about each stage, as a page says it."""

from collections.abc import Mapping, Sequence
from statistics import median
from typing import Any

from simulation import tables
from simulation.docs import spoken
from simulation.docs.results import result
from simulation.experiments.comparison import CONFIDENCE
from simulation.result import STAGES
from simulation.statistics import confidence_interval

ENGINES = {"live": "live", "sim": "forecast"}


class Scenario:
    """Of a committed report; latencies in ms. KeyError if it has no such scenario, StatisticsError if no such run."""

    def __init__(self, report: str, name: str) -> None:
        document = result(report)
        self.spec: Mapping[str, Any] = {each["name"]: each for each in document["scenarios"]}[name]
        self._runs = [run for run in document["runs"] if run["scenario"] == name and not run["why_void"]]

    def values(self, stage: str, quantile: str, engine: str = "live") -> list[float]:
        """Of each run."""
        return [run["latency_ms"][stage][quantile] for run in self._of(engine)]

    def value(self, stage: str, quantile: str, engine: str = "live") -> float:
        """The median of the runs."""
        return median(self.values(stage, quantile, engine))

    def live(self, stage: str, quantile: str) -> str:
        """The median and the range of the runs: `12.5 (10.6-14.4)`."""
        return ranged(self.values(stage, quantile))

    def simulated(self, stage: str, quantile: str) -> str:
        """The mean of the forecasts and its interval: `12.5 ± 0.8`."""
        return interval(self.values(stage, quantile, "sim"))

    def off(self, stage: str, quantile: str) -> str:
        """By how much the forecast is off, signed."""
        return spoken.off(self.value(stage, quantile, "sim"), self.value(stage, quantile))

    def noise(self, stage: str, quantile: str) -> str:
        """The range of the live runs over their median."""
        return _noise(self.values(stage, quantile))

    def fact(self, name: str, engine: str = "live") -> list[float]:
        """Of each run: `server_busy`, say, which is a share of a core."""
        return [run["facts"][name] for run in self._of(engine)]

    def per_s(self, what: str) -> float:
        """Comments or deliveries a second, of live runs."""
        return float(median(run["throughput_per_s"][what] for run in self._of("live")))

    def table(self, engine: str, quantiles: Sequence[str] = ("p50", "p95", "p99")) -> str:
        """A row for each stage, of one engine; of "gap" the error and the noise."""

        def cell(stage: str, quantile: str) -> str:
            if engine == "gap":
                return f"{self.off(stage, quantile)} (noise {self.noise(stage, quantile)})"
            return self.live(stage, quantile) if engine == "live" else self.simulated(stage, quantile)

        rows = [[stage.replace("_", " "), *(cell(stage, each) for each in quantiles)] for stage in STAGES]
        unit = "" if engine == "gap" else "ms"
        return tables.markdown([unit, *quantiles], rows)

    def _of(self, engine: str) -> list[dict[str, Any]]:
        return [run for run in self._runs if run["engine"] == ENGINES[engine]]


def ranged(values: Sequence[float]) -> str:
    return spoken.ranged(values, _digits(median(values)))


def interval(values: Sequence[float]) -> str:
    found = confidence_interval(values, CONFIDENCE)
    digits = _digits(found.mean)
    return f"{found.mean:.{digits}f} ± {found.half_width:.{digits}f}"


def _digits(value: float) -> int:
    """After the point."""
    return 1 if value >= 10 else 2 if value >= 0.1 else 3


def _noise(values: Sequence[float]) -> str:
    return spoken.rounded_percent((max(values) - min(values)) / median(values))
