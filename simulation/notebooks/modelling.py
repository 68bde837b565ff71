"""An experiment's variants in the model, with confidence intervals, beside what was measured live and is committed.

The costs are those of the committed result, and so are the arrivals of each replication: the first ones are the very
same as in the experiment's report.
"""

from collections.abc import Sequence
from functools import cache
from typing import Any

from simulation.docs.results import result
from simulation.experiments.catalogue import FAMILIES
from simulation.experiments.comparison import CONFIDENCE, Cell, compare
from simulation.experiments.family import Family, Measure, Observation, Sweepable
from simulation.experiments.showing import interval, ranged
from simulation.notebooks.showing import table
from simulation.statistics import Interval, confidence_interval

Changes = tuple[tuple[str, float], ...]

BESIDE = ("", "measure", "model here (95 %)", "live (range)", "model - live, same arrivals", "noise of live runs")


class Modelled:
    """What the model says of a family's variants; a look-up raises KeyError if there is no such variant or measure."""

    def __init__(self, family: Family, observations: Sequence[Observation]) -> None:
        self.family = family
        self._measures = {measure.name: measure for measure in family.measures}
        self._observations = observations

    def values(self, variant: str, measure: str) -> list[float]:
        """Of each replication."""
        found = [float(each.values[measure]) for each in self._observations if each.variant == variant]
        if not found:
            raise KeyError(f"{self.family.name} has no run of {variant} here")
        return found

    def interval(self, variant: str, measure: str) -> Interval:
        """The mean over the replications, with 95 % confidence."""
        return confidence_interval(self.values(variant, measure), CONFIDENCE)

    def mean(self, variant: str, measure: str) -> float:
        return self.interval(variant, measure).mean

    def beside_live(self, variants: Sequence[str], measures: Sequence[str]) -> None:
        """Show the table: what was found here, what the real server did, and how far its runs are from each other."""
        cells = {(cell.variant, cell.measure): cell for cell in self._compared()}
        table(BESIDE, [_row(cells[variant, name], self._measures[name]) for variant in variants for name in measures])

    def _compared(self) -> list[Cell]:
        live = [Observation(**row) for row in result(self.family.name)["observations"] if row["engine"] == "live"]
        return compare(self.family, [*live, *self._observations])


def model(name: str, variants: Sequence[str] = (), replications: int = 5, **sizes: float) -> Modelled:
    """Simulate variants of a family (all of them, unless named), at its own size or with these ``sizes`` changed."""
    changed = tuple(sorted(sizes.items()))
    family = _family(name, changed)
    pairs = [(variant, repeat) for variant in variants or family.variants for repeat in range(replications)]
    return Modelled(family, [_simulated(name, changed, variant, repeat) for variant, repeat in pairs])


def costs(name: str) -> Any:
    """What the experiment's probes have measured, as committed."""
    return result(name)["costs"]


@cache
def _family(name: str, sizes: Changes) -> Family:
    family = FAMILIES[name]()
    if not sizes:
        return family
    if not isinstance(family, Sweepable):
        raise ValueError(f"{name} has one size")
    return family.sized(dict(sizes))


@cache
def _simulated(name: str, sizes: Changes, variant: str, repeat: int) -> Observation:
    """Once: a slider that comes back to where it was costs nothing."""
    return _family(name, sizes).simulate(variant, repeat, costs(name))


def _row(cell: Cell, measure: Measure) -> list[str]:
    digits, shown = measure.digits, cell.as_dict()
    difference = "" if cell.difference is None else f"{cell.difference:+,.{digits}f}"
    return [
        f"`{cell.variant}`",
        measure.title,
        interval(shown["sim"], digits),
        ranged(shown["live"], digits),
        difference if cell.error is None else f"{difference} ({cell.error:+.0%})",
        "" if cell.noise is None else f"{cell.noise:.0%}",
    ]
