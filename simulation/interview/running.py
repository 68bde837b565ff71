"""Runs a decision's choices in the simulator, under the interviewer's twist, and judges the one that was made."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache

from joblib import Parallel, delayed

from simulation.docs.results import result
from simulation.experiments.catalogue import FAMILIES
from simulation.experiments.family import Family, Sweepable
from simulation.interview.design import Decision, Gate
from simulation.statistics import Interval, confidence_interval

REPLICATIONS = 3
CONFIDENCE = 0.95


@dataclass(frozen=True, slots=True)
class Passed:
    """Whether a demand is met, and the figure that says so."""

    gate: Gate
    title: str
    figure: Interval
    best: float  # of all choices
    met: bool


@dataclass(frozen=True, slots=True)
class Judged:
    """A choice, what was demanded of it, and the choice that meets the most."""

    decision: Decision
    choice: str
    gates: list[Passed]
    better: str  # "" if no other choice meets more

    @property
    def score(self) -> float:
        """The share of the demands that is met."""
        return sum(each.met for each in self.gates) / len(self.gates)


Figures = Mapping[str, Mapping[str, list[float]]]


def judge(decision: Decision, choice: str, replications: int = REPLICATIONS) -> Judged:
    """Run all choices with the same arrivals, with the costs that the shipped result was simulated with."""
    figures = simulated(decision, replications)
    met = {each: _gates(decision, each, figures) for each in decision.choices}
    counts = {each: sum(gate.met for gate in gates) for each, gates in met.items()}
    best = max(counts, key=lambda each: counts[each])
    return Judged(decision, choice, met[choice], best if counts[best] > counts[choice] else "")


@cache
def simulated(decision: Decision, replications: int) -> Figures:
    """By choice and measure, a value for each replication; of what has no end the delay is infinite.

    Once: another choice of the same decision has been run with the first.
    """
    family = _family(decision)
    costs = result(family.name)["costs"]
    calls = [(variant, repeat, costs) for variant in decision.choices.values() for repeat in range(replications)]
    runs = Parallel(n_jobs=-1)(delayed(family.simulate)(*call) for call in calls)
    return {
        choice: {
            gate.measure: [float(run.values.get(gate.measure, math.inf)) for run in runs if run.variant == variant]
            for gate in decision.gates
        }
        for choice, variant in decision.choices.items()
    }


def _family(decision: Decision) -> Family:
    family = FAMILIES[decision.family]()
    if not decision.sizes:
        return family
    assert isinstance(family, Sweepable), f"{family.name} has one size"
    return family.sized(decision.sizes)


def _gates(decision: Decision, choice: str, figures: Figures) -> list[Passed]:
    titles = {each.name: each.title for each in FAMILIES[decision.family]().measures}
    passed = []
    for gate in decision.gates:
        of_all = {each: _figure(figures[each][gate.measure]) for each in decision.choices}
        best = (max if gate.at_least else min)(each.mean for each in of_all.values())
        figure = of_all[choice]
        passed.append(Passed(gate, titles[gate.measure], figure, best, met(gate, figure.mean, best)))
    return passed


def _figure(values: Sequence[float]) -> Interval:
    """What is shown and judged: the mean of the replications; infinite if one of them has no end."""
    return confidence_interval(values, CONFIDENCE) if all(map(math.isfinite, values)) else Interval(math.inf, 0.0)


def met(gate: Gate, value: float, best: float) -> bool:
    if gate.at_most is not None:
        return value <= gate.at_most
    assert gate.of_best is not None
    return value >= best * gate.of_best if gate.at_least else value <= max(best, gate.floor) * gate.of_best
