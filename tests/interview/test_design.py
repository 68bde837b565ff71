"""The choices, and what the simulator says of them."""

import math

import pytest

from simulation.experiments.catalogue import FAMILIES
from simulation.interview import running
from simulation.interview.design import DECISION, DECISIONS, Gate
from simulation.interview.rubric import AREAS
from simulation.interview.running import Passed, judge, met
from simulation.interview.sheet import gate_in_words, judged_in_words
from simulation.statistics import Interval


def test_every_choice_is_a_variant_and_every_demand_a_measure_of_its_experiment():
    for decision in DECISIONS:
        family = FAMILIES[decision.family]()
        assert set(decision.choices.values()) <= set(family.variants)
        assert {gate.measure for gate in decision.gates} <= {each.name for each in family.measures}
        assert decision.area in AREAS
        assert decision.twist
        assert all((gate.at_most is None) != (gate.of_best is None) for gate in decision.gates)


@pytest.mark.parametrize(
    ("gate", "value", "best", "expected"),
    [
        (Gate("m", "", at_most=5), 5, 1, True),
        (Gate("m", "", at_most=5), 5.1, 1, False),
        (Gate("m", "", at_most=5), math.inf, 1, False),
        (Gate("m", "", of_best=2), 2, 1, True),
        (Gate("m", "", of_best=2), 2.1, 1, False),
        (Gate("m", "", of_best=2, floor=10), 19, 0, True),
        (Gate("m", "", of_best=0.8, at_least=True), 80, 100, True),
        (Gate("m", "", of_best=0.8, at_least=True), 79, 100, False),
    ],
)
def test_a_demand_is_a_bound_or_a_share_of_the_best(gate, value, best, expected):
    assert met(gate, value, best) is expected


@pytest.mark.parametrize(
    ("decision", "worse", "better"),
    [
        ("reconnect", "at_once", "with_jitter"),
        ("delivery", "at_most_once", "exactly_once_effect"),
        ("fan_out", "queue_per_viewer", "write_window"),
        ("fan_out", "write_at_once", "tree"),
        ("admission", "accept_all", "refuse_early"),
    ],
)
def test_the_simulator_tells_a_weak_choice_from_a_strong_one(decision, worse, better):
    weak, strong = judge(DECISION[decision], worse, 2), judge(DECISION[decision], better, 2)
    assert weak.score < strong.score == 1
    assert weak.better
    assert not strong.better


def test_a_demand_is_judged_by_the_figure_that_is_shown(monkeypatch):
    """Two of three replications are within the bound, and their mean is not."""
    found = {"accept_all": [100.0, 100.0, 1_600.0], "refuse_early": [10.0, 10.0, 10.0]}
    figures = {choice: {"append_p99_ms": values} for choice, values in found.items()}
    monkeypatch.setattr(running, "simulated", lambda decision, replications: figures)
    judged = judge(DECISION["admission"], "accept_all")
    assert (judged.gates[0].figure.mean, judged.gates[0].best, judged.gates[0].met) == (600, 10, False)
    assert judged.better == "refuse_early"


def test_more_than_one_core_answers_is_said_with_its_figure():
    judged = judge(DECISION["fan_out"], "read", 2)  # three thousand viewers who ask
    assert "within a tenth of a second at the 99th percentile (latency p99, ms" in judged_in_words(judged)
    assert "% of a core 100" in judged_in_words(judged)


def test_what_never_comes_to_an_end_is_said_so():
    gate = Gate("p99_ms", "within a second", at_most=1_000)
    assert (
        gate_in_words(Passed(gate, "p99, ms", Interval(math.inf, 0.0), 0.0, False)) == "within a second (it never ends)"
    )
