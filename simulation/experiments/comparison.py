"""Live beside simulated, for every variant and measure, and whether both rank the variants alike."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from itertools import combinations
from statistics import fmean, median
from typing import Any

from simulation.experiments.family import Family, Observation
from simulation.statistics import confidence_interval

CONFIDENCE = 0.95


@dataclass(frozen=True, slots=True)
class Side:
    """One engine's runs of a variant: their median and range; their mean, and how sure that is (None with one run)."""

    median: float
    mean: float
    least: float
    most: float
    half_width: float | None
    runs: int


@dataclass(frozen=True, slots=True)
class Cell:
    """One measure of one variant; ``difference`` is simulated minus live, ``noise`` the live range over its median."""

    variant: str
    measure: str
    live: Side | None
    sim: Side | None

    paired: float | None = None  # the model's median over the repeats that live runs have: their arrivals are the same

    @property
    def difference(self) -> float | None:
        return self.paired - self.live.median if self.live and self.paired is not None else None

    @property
    def error(self) -> float | None:
        """The difference relative to the live value; None where that is 0."""
        if self.live is None or self.difference is None or not self.live.median:
            return None
        return self.difference / self.live.median

    @property
    def noise(self) -> float | None:
        """How far live runs are from each other, relative to their median; None where there is one run."""
        if self.live is None or self.live.runs < 2 or not self.live.median:
            return None
        return (self.live.most - self.live.least) / self.live.median

    def as_dict(self) -> dict[str, Any]:
        return asdict(self) | {"difference": self.difference, "error": self.error, "noise": self.noise}


def compare(family: Family, observations: Sequence[Observation]) -> list[Cell]:
    """A cell for each variant and measure that any run has."""
    cells = []
    for variant in family.variants:
        for measure in family.measures:
            live, sim = (_values(observations, variant, engine, measure.name) for engine in ("live", "sim"))
            both = [sim[repeat] for repeat in live if repeat in sim]
            cells.append(Cell(variant, measure.name, _side(live), _side(sim), median(both) if both else None))
    return [cell for cell in cells if cell.live or cell.sim]


def ranking(family: Family, observations: Sequence[Observation]) -> tuple[int, int]:
    """How many pairs of variants both engines rank alike, of how many that live runs tell apart.

    A pair counts if the ranges of its live runs do not overlap, in each measure that tells which is better.
    """
    alike = total = 0
    telling = {measure.name for measure in family.measures if measure.tells}
    cells = [cell for cell in compare(family, observations) if cell.measure in telling]
    for a, b in combinations(cells, 2):
        if a.measure != b.measure or not (a.live and a.sim and b.live and b.sim):
            continue
        if a.live.most < b.live.least or b.live.most < a.live.least:
            total += 1
            alike += int((a.live.median < b.live.median) == (a.sim.median < b.sim.median))
    return alike, total


def _values(observations: Sequence[Observation], variant: str, engine: str, measure: str) -> dict[int, float]:
    """By repeat, of the runs that count."""
    mine = [each for each in observations if (each.variant, each.engine) == (variant, engine) and not each.why_void]
    return {each.repeat: each.values[measure] for each in mine if measure in each.values}


def _side(by_repeat: dict[int, float]) -> Side | None:
    values = list(by_repeat.values())
    if not values:
        return None
    half_width = confidence_interval(values, CONFIDENCE).half_width if len(values) > 1 else None
    return Side(median(values), fmean(values), min(values), max(values), half_width, len(values))
