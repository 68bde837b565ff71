"""Retry: full jitter under a doubling, capped ceiling, with a budget."""

import math
from random import Random
from statistics import fmean

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reference_impl.policy.retry import Retry, RetryConfig, failed_together

LARGEST_DRAW = math.nextafter(1.0, 0.0)

configs = st.builds(
    lambda base_s, factor, attempts: RetryConfig(base_s=base_s, cap_s=base_s * factor, attempts_max=attempts),
    st.floats(1e-6, 1e3),
    st.floats(1, 1e6),
    st.integers(0, 40),
)


class ConstantRandom(Random):
    """Draws the same number for ever."""

    def __init__(self, draw: float) -> None:
        super().__init__(0)
        self._draw = draw

    def random(self) -> float:
        return self._draw


def delays(config: RetryConfig, rng: Random) -> list[float]:
    """All delays of one budget."""
    retry, found = Retry(config, rng), []
    while (at := retry.failed(0.0)) is not None:
        found.append(at)
    return found


@given(configs, st.integers())
def test_each_delay_is_below_a_ceiling_that_doubles_up_to_the_cap(config: RetryConfig, seed: int) -> None:
    ceiling_s = config.base_s
    for delay_s in delays(config, Random(seed)):
        assert 0 <= delay_s <= ceiling_s
        ceiling_s = min(config.cap_s, ceiling_s * 2)


def test_the_largest_draws_reach_the_ceilings() -> None:
    config = RetryConfig(base_s=0.5, cap_s=3, attempts_max=5)
    assert delays(config, ConstantRandom(LARGEST_DRAW)) == pytest.approx([0.5, 1, 2, 3, 3])


def test_the_smallest_draws_retry_at_once() -> None:
    assert delays(RetryConfig(attempts_max=3), ConstantRandom(0.0)) == [0, 0, 0]


def test_full_jitter_spreads_a_crowd_over_the_whole_ceiling() -> None:
    config, rng = RetryConfig(base_s=8, cap_s=8, attempts_max=1), Random(7)
    crowd = [delays(config, rng)[0] for _ in range(2_000)]
    assert fmean(crowd) == pytest.approx(4, rel=0.05)
    assert {int(delay_s) for delay_s in crowd} == set(range(8))


@given(configs, st.floats(0, 1e9), st.floats(0, LARGEST_DRAW))
def test_the_answer_is_a_time_after_now(config: RetryConfig, now: float, draw: float) -> None:
    at = Retry(config, ConstantRandom(draw)).failed(now)
    assert at == (None if config.attempts_max == 0 else now + draw * config.base_s)


@given(configs)
def test_the_budget_is_spent_after_so_many_failures_and_stays_spent(config: RetryConfig) -> None:
    retry = Retry(config, Random(1))
    answers = [retry.failed(0.0) for _ in range(config.attempts_max + 3)]
    assert [answer is None for answer in answers] == [False] * config.attempts_max + [True] * 3
    assert retry.attempt == config.attempts_max


@given(st.integers(1, 10))
def test_a_success_gives_the_whole_budget_back_and_starts_from_the_first_ceiling(failures: int) -> None:
    retry = Retry(RetryConfig(base_s=1, cap_s=64, attempts_max=10), ConstantRandom(0.5))
    for _ in range(failures):
        retry.failed(0.0)
    retry.succeeded()
    assert retry.attempt == 0
    assert retry.failed(0.0) == 0.5


@pytest.mark.parametrize(("base_s", "cap_s"), [(0.1, 30.0), (1e-9, 1e300), (1e300, 1.7e308)])
def test_thousands_of_failures_do_not_overflow(base_s: float, cap_s: float) -> None:
    config = RetryConfig(base_s=base_s, cap_s=cap_s, attempts_max=3_000)
    found = delays(config, ConstantRandom(LARGEST_DRAW))
    assert len(found) == 3_000
    assert all(0 < delay_s <= cap_s for delay_s in found)
    assert found == sorted(found)


def test_randomness_comes_only_from_the_generator() -> None:
    assert delays(RetryConfig(), Random(3)) == delays(RetryConfig(), Random(3)) != delays(RetryConfig(), Random(4))


@pytest.mark.parametrize(("base_s", "cap_s"), [(0.0, 1.0), (-1.0, 1.0), (2.0, 1.0), (math.nan, 1.0), (1.0, math.nan)])
def test_delays_that_make_no_sense_are_refused_with_what_was_seen(base_s: float, cap_s: float) -> None:
    with pytest.raises(ValueError, match=f"base_s={base_s}, cap_s={cap_s}"):
        RetryConfig(base_s=base_s, cap_s=cap_s)


def test_a_negative_budget_is_refused() -> None:
    with pytest.raises(ValueError, match="attempts_max must be >= 0, got -1"):
        RetryConfig(attempts_max=-1)


@given(configs, st.integers(0, 45), st.integers(0, 20), st.integers(0, 5))
def test_those_who_fail_at_once_try_again_as_each_would(config, attempt, count, seed):
    rng = Random(seed)
    crowd = [Retry(config, rng) for _ in range(count)]
    for retry in crowd:
        retry.attempt = attempt
    singly = [again for retry in crowd if (again := retry.failed(5.0)) is not None]
    assert failed_together(config, attempt, count, 5.0, Random(seed)) == singly
