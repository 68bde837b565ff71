"""Copies are made anew by few, early enough, and the dearer ones earlier."""

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reference_impl.policy.warming import Copy, WarmingConfig, due, judge

CONFIG = WarmingConfig(age_max_s=10.0)
CROWD = 10_000


def readers(age_s: float, cost_s: float) -> int:
    """How many of a crowd make it anew."""
    rng = Random(1)
    return sum(due(CONFIG, age_s, cost_s, rng) for _ in range(CROWD))


@given(st.floats(10.0, 1e6), st.floats(0, 100), st.integers())
def test_whoever_finds_a_copy_too_old_makes_it_anew(age_s: float, cost_s: float, seed: int) -> None:
    assert due(CONFIG, age_s, cost_s, Random(seed))


@given(st.floats(0, 9.99), st.integers())
def test_what_costs_nothing_is_made_anew_in_no_advance(age_s: float, seed: int) -> None:
    assert not due(CONFIG, age_s, 0.0, Random(seed))


def test_few_of_a_crowd_are_early_and_more_the_nearer_the_end_is() -> None:
    found = [readers(age_s, 0.5) for age_s in (0.0, 8.0, 9.0, 9.5, 9.9)]
    assert found == sorted(found)
    assert found[0] == 0
    assert found[1] == pytest.approx(CROWD * 2.718**-4, rel=0.2)  # the head start is exponential with mean cost
    assert found[3] == pytest.approx(CROWD * 2.718**-1, rel=0.1)


def test_what_takes_long_is_begun_earlier() -> None:
    assert readers(8.0, 0.1) < readers(8.0, 1.0) < readers(8.0, 5.0)


def test_without_eagerness_nobody_is_early() -> None:
    config = WarmingConfig(age_max_s=1.0, eagerness=0.0)
    assert not any(due(config, 0.99, 5.0, Random(seed)) for seed in range(100))


@given(st.floats(0, 20), st.floats(0, 5), st.integers())
def test_a_copy_that_is_made_anew_ahead_of_time_never_expires(age_s: float, cost_s: float, seed: int) -> None:
    early = due(CONFIG, age_s, cost_s, Random(seed))
    assert judge(CONFIG, age_s, cost_s, Random(seed)) is (Copy.DUE if early else Copy.GOOD)
    passive = WarmingConfig(age_max_s=10.0, ahead=False)
    assert judge(passive, age_s, cost_s, Random(seed)) is (Copy.EXPIRED if age_s >= 10.0 else Copy.GOOD)


@pytest.mark.parametrize("wrong", [{"age_max_s": 0}, {"eagerness": -1}])
def test_settings_that_make_no_sense_are_refused_by_name(wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError, match=next(iter(wrong))):
        WarmingConfig(**wrong)
