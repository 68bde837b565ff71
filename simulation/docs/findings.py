"""What an experiment has found, as the figures of a sentence: by variant and measure, with the measure's digits."""

from collections.abc import Mapping, Sequence
from typing import Any

from simulation import tables
from simulation.docs import spoken
from simulation.docs.results import result
from simulation.experiments import showing
from simulation.experiments.catalogue import FAMILIES
from simulation.experiments.family import Measure
from simulation.machine import in_words


class Findings:
    """A family's result. A look-up raises KeyError if there is no such variant or measure, or no run of that engine."""

    def __init__(self, family: str) -> None:
        self.document = result(family)
        self._measures: Mapping[str, Measure] = {each.name: each for each in FAMILIES[family]().measures}
        self._cells = {(each["variant"], each["measure"]): each for each in self.document["comparison"]}

    @property
    def machine(self) -> str:
        return in_words(self.document["machine"])

    def value(self, variant: str, measure: str, engine: str = "live") -> float:
        """What tables say of an engine's runs: the median of live ones, the mean of the model's ("sim")."""
        return showing.drawn(self._side(variant, measure, engine), engine)[0]

    def live(self, variant: str, measure: str) -> str:
        """The live median and the range of the runs: `12.5 (10.6-14.4)`."""
        return showing.ranged(self._side(variant, measure, "live"), self._measures[measure].digits)

    def simulated(self, variant: str, measure: str) -> str:
        """The model's mean and its 95 % interval: `12.5 ± 0.8`."""
        return showing.interval(self._side(variant, measure, "sim"), self._measures[measure].digits)

    def error(self, variant: str, measure: str) -> str:
        """By how much the model is off the live runs with the same arrivals: `-10 %`."""
        return spoken.signed(self.error_of(variant, measure))

    def error_of(self, variant: str, measure: str) -> float:
        """The same as a number; 0 where live runs have nothing of it."""
        return float(self._cells[variant, measure]["error"] or 0.0)

    def noise(self, variant: str, measure: str) -> str:
        """How far live runs are from each other; of a single run nothing is known."""
        noise = self._cells[variant, measure]["noise"]
        return spoken.UNKNOWN if noise is None else spoken.rounded_percent(noise)

    def beyond_noise(self, variant: str, measure: str) -> bool:
        """Whether the model is farther off than live runs are from each other, as far as that is known."""
        return abs(self.error_of(variant, measure)) > (self._cells[variant, measure]["noise"] or 0.0)

    def gap(self, variant: str, measure: str) -> str:
        return f"{self.error(variant, measure)} (noise {self.noise(variant, measure)})"

    def table(self, variants: Sequence[str], measures: Sequence[str], engine: str) -> str:
        """A row for each variant, a column for each measure, of one engine; of "gap" the error and the noise."""
        say = {"live": self.live, "sim": self.simulated, "gap": self.gap}[engine]
        head = ["", *(self._measures[each].title for each in measures)]
        rows = [[f"`{variant}`", *(say(variant, each) for each in measures)] for variant in variants]
        return tables.markdown(head, rows)

    def _side(self, variant: str, measure: str, engine: str) -> Mapping[str, Any]:
        side: Mapping[str, Any] | None = self._cells[variant, measure][engine]
        if side is None:
            raise KeyError(f"{self.document['experiment']} has no {engine} run of {variant}")
        return side
