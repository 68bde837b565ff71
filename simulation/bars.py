"""What the project has promised of its model, and whether a document of `simulation.fidelity` keeps it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

from simulation.comparing import Scored, groups, ranking, scored, scored_outages, summary

Document = Mapping[str, Any]

FORECAST_MAX = {"window": 0.06, "at once, utilisation to 0.6": 0.15, "at once, 0.6 to 0.85": 0.30}  # of a p99
REPLAY_MAX = 0.05
THROUGHPUT_MAX = 0.03
RANKED_MIN = 0.9
OUTAGE_MAX = 0.25
OUTAGES = {"gap_s": "gap", "recovered_s": "recovery"}


@dataclass(frozen=True, slots=True)
class Bar:
    """``allowed`` and ``got`` are shares; at most so much is allowed, or with ``least`` at least."""

    what: str
    allowed: float
    got: float
    least: bool = False
    otherwise: bool = False  # kept in the other way that the bar allows

    @property
    def met(self) -> bool:
        return self.otherwise or (self.got >= self.allowed if self.least else self.got <= self.allowed)


def bars(document: Document) -> list[Bar]:
    """Every bar that the document has scenarios for."""
    rows = scored(document)
    if not rows:
        return []
    alike, pairs = ranking(rows, "forecast")
    return [
        *_by_group(document, rows),
        *_outages(document),
        Bar("throughput, forecast", THROUGHPUT_MAX, throughput_error(document)),
        Bar("pairs of scenarios ranked as live", RANKED_MIN, alike / max(1, pairs), least=True),
    ]


def _by_group(document: Document, rows: Sequence[Scored]) -> Iterator[Bar]:
    middles = groups(scored(document, "end_to_end", "p50"))
    for name, mine in groups(rows).items():
        if name not in FORECAST_MAX:
            continue  # beyond 0.85 a p99 is dominated by the run's length
        tails, middle = summary(mine), summary(middles[name])
        inside = name == "at once, 0.6 to 0.85" and all(row.inside("forecast") for row in mine)
        yield Bar(f"{name}: forecast p99", FORECAST_MAX[name], tails["forecast_error"], otherwise=inside)
        yield Bar(f"{name}: forecast p50, no worse than p99", tails["forecast_error"], middle["forecast_error"])
        yield Bar(f"{name}: forecast p99, better than one live run", tails["baseline"], tails["forecast_error"])
        yield Bar(f"{name}: replay p99", REPLAY_MAX, tails["replay_error"])


def _outages(document: Document) -> Iterator[Bar]:
    for fact, called in OUTAGES.items():
        if rows := scored_outages(document, fact):
            yield Bar(f"with a fault: {called}, forecast", OUTAGE_MAX, summary(rows)["forecast_error"])


def throughput_error(document: Document) -> float:
    """Of deliveries a second, forecast against live, run by run; the median."""
    by_run: dict[tuple[str, int], dict[str, float]] = {}
    for run in document["runs"]:
        if not run["why_void"]:
            rates = by_run.setdefault((run["scenario"], run["repeat"]), {})
            rates[run["engine"]] = run["throughput_per_s"]["deliveries"]
    errors = [abs(each["forecast"] / each["live"] - 1) for each in by_run.values() if each.get("live")]
    return median(errors) if errors else float("nan")
