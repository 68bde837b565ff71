"""The autoscaler: as many edges as keep each at its target, soon more, and late fewer."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reference_impl.policy.autoscaling import Autoscaler, AutoscalingConfig

CONFIG = AutoscalingConfig(target=0.5, edges_max=10, start_s=2.0, cool_down_s=60.0)


def test_the_load_of_all_over_the_target_of_one_rounded_up() -> None:
    assert [Autoscaler(CONFIG).wanted(load, 1, 0.0) for load in (0.0, 0.5, 0.51, 2.0, 2.1)] == [1, 1, 2, 4, 5]


def test_what_grows_is_met_as_it_will_be_when_an_edge_that_starts_now_is_there() -> None:
    scaler = Autoscaler(CONFIG)
    assert scaler.wanted(1.0, 2, 0.0) == 2
    assert scaler.wanted(1.25, 2, 1.0) == 4  # 1.75 in two seconds
    assert scaler.wanted(1.25, 4, 2.0) == 4  # it has stopped growing


def test_a_jump_is_no_trend() -> None:
    scaler = Autoscaler(CONFIG)
    scaler.wanted(0.1, 1, 0.0)
    assert scaler.wanted(2.0, 1, 0.1) == 8  # not 78


def test_fewer_are_wanted_after_a_whole_cool_down_and_then_the_most_of_it() -> None:
    scaler = Autoscaler(replace(CONFIG, start_s=0.0))
    assert [scaler.wanted(0.1, 8, now) for now in (0.0, 30.0)] == [8, 8]
    assert scaler.wanted(1.0, 8, 40.0) == 8
    assert [scaler.wanted(0.1, 8, now) for now in (59.9, 60.0)] == [8, 2]


def test_a_cool_down_begins_anew_when_all_edges_are_needed() -> None:
    scaler = Autoscaler(replace(CONFIG, start_s=0.0))
    scaler.wanted(0.1, 4, 0.0)
    assert scaler.wanted(2.0, 4, 50.0) == 4
    assert [scaler.wanted(0.1, 4, now) for now in (60.0, 119.0, 120.0)] == [4, 4, 1]


@given(st.lists(st.tuples(st.floats(0, 100), st.integers(1, 10), st.floats(0, 100)), max_size=30))
def test_bounds_hold_whatever_is_seen(looks: list[tuple[float, int, float]]) -> None:
    scaler, now = Autoscaler(AutoscalingConfig(edges_min=2, edges_max=10)), 0.0
    for load, edges, later_s in looks:
        now += later_s
        wanted = scaler.wanted(load, edges, now)
        assert min(2, edges) <= wanted <= 10
        assert wanted * 0.7 >= min(load, 7.0) - 1e-9 or wanted == edges


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"target": 0.0}, "target"),
        ({"edges_min": 0}, "edges_min"),
        ({"edges_max": 0}, "edges_max"),
        ({"start_s": -1.0}, "times"),
    ],
)
def test_a_wrong_configuration_is_refused_by_name(wrong: dict[str, float], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        AutoscalingConfig(**wrong)  # type: ignore[arg-type]
