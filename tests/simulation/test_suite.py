"""The suite that the model is scored on: enough of it, all different, and none that the model was made with."""

import pytest

from simulation.scenario import Scenario
from simulation.suite import PARTS, suite
from simulation.trace import schedule


def essence(scenario: Scenario) -> tuple[object, ...]:
    return scenario.audience, scenario.workload, scenario.system, scenario.faults


def test_the_held_out_scenarios_are_at_least_24_of_several_audiences_rates_windows_and_faults() -> None:
    held_out = suite("held_out")
    assert len(held_out) >= 24
    assert len({scenario.audience.viewers for scenario in held_out}) >= 3
    assert len({scenario.system.window_ms for scenario in held_out}) >= 3
    assert {len(scenario.faults) for scenario in held_out} == {0, 1}
    assert any(scenario.workload.rate_per_s is None for scenario in held_out), "a recorded chat is among them"


def test_no_scenario_is_in_both_parts_and_every_name_is_its_own() -> None:
    everything = [scenario for part in PARTS for scenario in suite(part)]
    assert len({scenario.name for scenario in everything}) == len(everything)
    assert len({essence(scenario) for scenario in everything}) == len(everything)


@pytest.mark.parametrize("part", PARTS)
def test_every_scenario_posts_something_at_the_rate_it_names(part: str) -> None:
    for scenario in suite(part, 10.0):
        posts = schedule(scenario)
        rate = scenario.workload.rate_per_s
        assert posts
        assert rate is None or len(posts) == pytest.approx(10 * rate, abs=5 * (10 * rate) ** 0.5)


def test_arrivals_depend_on_the_seed_and_on_nothing_else() -> None:
    (scenario, *_) = suite("held_out", 5.0)
    other = scenario.changed({"": {"seed": 2}})
    assert schedule(scenario) == schedule(scenario)
    assert schedule(scenario) != schedule(other)
