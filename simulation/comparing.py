"""The model beside the server: errors, the noise they have to be seen against, what a single live run would say.

Everything here is a pure function of a document of `simulation.fidelity`. A scenario's value is the median over its
repeats. *Noise* is how far live repeats are from each other; the *baseline* takes one live run for the others.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from statistics import median
from typing import Any

Row = dict[str, Any]

ENGINES = ("forecast", "replay")
QUANTILES = ("p50", "p95", "p99")
GROUPS: dict[str, Callable[["Scored"], bool]] = {
    "window": lambda scored: scored.window_ms > 0 and not scored.befallen,
    "at once, utilisation to 0.6": lambda scored: scored.at_once and scored.busy <= 0.6,
    "at once, 0.6 to 0.85": lambda scored: scored.at_once and 0.6 < scored.busy <= 0.85,
    "at once, over 0.85": lambda scored: scored.at_once and scored.busy > 0.85,
    "with a fault": lambda scored: scored.befallen,
}


@dataclass(frozen=True, slots=True)
class Scored:
    """One scenario's live repeats and the model's, of one stage's quantile, in ms."""

    name: str
    window_ms: float
    befallen: bool  # by a fault
    busy: float  # of the server's core, median of the live runs
    live: tuple[float, ...]
    model: dict[str, tuple[float, ...]]

    @property
    def at_once(self) -> bool:
        return not self.window_ms and not self.befallen

    def error(self, engine: str) -> float:
        """The model's signed relative error."""
        return median(self.model[engine]) / median(self.live) - 1

    def inside(self, engine: str) -> bool:
        """Whether the model's value is one that live runs gave, too."""
        return min(self.live) <= median(self.model[engine]) <= max(self.live)

    def covered(self, engine: str) -> float:
        """The share of live runs that lie between the model's least and most: what its own spread promises."""
        low, high = min(self.model[engine]), max(self.model[engine])
        return sum(low <= value <= high for value in self.live) / len(self.live)

    @property
    def noise(self) -> float:
        """How far two live runs are from each other, relative to their mean; the median over all pairs."""
        return _median(abs(a - b) / ((a + b) / 2) for a, b in combinations(self.live, 2))

    @property
    def baseline(self) -> float:
        """The error of one live run that is taken for the others; the median over which one."""
        return _median(
            abs(value / median(self.live[:at] + self.live[at + 1 :]) - 1) for at, value in enumerate(self.live)
        )


def scored(document: Mapping[str, Any], stage: str = "end_to_end", quantile: str = "p99") -> list[Scored]:
    """Every scenario of which at least two live runs count, in the suite's order."""
    return _scored(document, lambda run: run["latency_ms"][stage][quantile])


def scored_outages(document: Mapping[str, Any], fact: str) -> list[Scored]:
    """The same of what viewers whom a fault befell saw of it (`simulation.outage`), in s; where there was something."""
    return _scored(document, lambda run: run["facts"].get(fact))


def _scored(document: Mapping[str, Any], read: Callable[[Row], float | None]) -> list[Scored]:
    found = []
    for scenario in document["scenarios"]:
        runs = [run for run in document["runs"] if run["scenario"] == scenario["name"] and not run["why_void"]]
        by_engine = {engine: [run for run in runs if run["engine"] == engine] for engine in ("live", *ENGINES)}
        values = {
            engine: tuple(float(read(run) or 0) for run in mine if read(run)) for engine, mine in by_engine.items()
        }
        if len(values["live"]) >= 2 and all(values.values()):
            busy = median(run["facts"]["server_busy"] for run in by_engine["live"])
            kind = scenario["system"]["window_ms"], bool(scenario.get("faults"))
            found.append(Scored(scenario["name"], *kind, busy, values.pop("live"), values))
    return found


def summary(rows: Sequence[Scored]) -> dict[str, float]:
    """Medians over scenarios: absolute and signed errors of both engines, noise, baseline, and how often within."""
    found: dict[str, float] = {"scenarios": len(rows)}
    for engine in ENGINES:
        errors = [row.error(engine) for row in rows]
        found |= {
            f"{engine}_error": _median(map(abs, errors)),
            f"{engine}_signed": _median(errors),
            f"{engine}_inside": sum(row.inside(engine) for row in rows) / max(1, len(rows)),
            f"{engine}_coverage": sum(row.covered(engine) for row in rows) / max(1, len(rows)),
        }
    return found | {"noise": _median(r.noise for r in rows), "baseline": _median(r.baseline for r in rows)}


def groups(rows: Sequence[Scored]) -> dict[str, list[Scored]]:
    """The rows by window and utilisation; a group that nothing is in is left out."""
    found = {name: [row for row in rows if belongs(row)] for name, belongs in GROUPS.items()}
    return {name: mine for name, mine in found.items() if mine}


def worst(rows: Sequence[Scored], engine: str) -> Scored:
    return max(rows, key=lambda row: abs(row.error(engine)))


def ranking(rows: Sequence[Scored], engine: str) -> tuple[int, int]:
    """Of the pairs of scenarios whose live ranges do not overlap: how many the model ranks alike, and how many."""
    alike = total = 0
    for a, b in combinations(rows, 2):
        if max(a.live) < min(b.live) or max(b.live) < min(a.live):
            total += 1
            alike += (median(a.live) < median(b.live)) == (median(a.model[engine]) < median(b.model[engine]))
    return alike, total


def _median(values: Iterable[float]) -> float:
    found = list(values)
    return median(found) if found else float("nan")
