"""The retry budget: whatever is asked of it and when, retries stay a small part of the calls."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reference_impl.policy.retry import RetryBudget, RetryBudgetConfig

ROUNDING = 1e-6
configs = st.builds(RetryBudgetConfig, ratio=st.floats(0, 1), per_s=st.floats(0, 100), tokens_max=st.floats(1, 100))
steps = st.lists(st.tuples(st.floats(0, 10), st.integers(0, 20), st.integers(0, 20)), max_size=60)


@given(configs, steps, st.integers(0, 60), st.floats(0, 1e6))
def test_in_any_stretch_of_time_the_retries_are_bounded_by_its_calls_and_its_length(config, schedule, skipped, now_s):
    budget = RetryBudget(config, now_s)
    calls = retries = 0
    since_s = now_s
    for number, (gap_s, called, retried) in enumerate(schedule):
        if number == skipped:
            calls, retries, since_s = 0, 0, now_s
        now_s += gap_s
        for _ in range(called):
            budget.called(now_s)
        calls += called
        retries += sum(budget.admit(now_s) for _ in range(retried))
    bound = config.ratio * calls + config.per_s * (now_s - since_s) + config.tokens_max
    assert retries <= bound + ROUNDING * (1 + bound)


def test_a_storm_of_failing_calls_is_multiplied_by_no_more_than_the_ratio():
    budget = RetryBudget(RetryBudgetConfig(), 0.0)
    retries = 0
    for _ in range(10_000):
        budget.called(0.0)
        retries += budget.admit(0.0) + budget.admit(0.0)
    assert retries == pytest.approx(10 + 1_000, abs=1)
    assert budget.refused == 20_000 - retries


def test_a_lone_caller_may_retry():
    budget = RetryBudget(RetryBudgetConfig(ratio=0.0, per_s=1.0, tokens_max=1.0), 0.0)
    assert budget.admit(0.0)
    assert not budget.admit(0.5)
    assert budget.admit(1.0)


def test_a_clock_that_stands_still_gives_nothing():
    budget = RetryBudget(RetryBudgetConfig(ratio=0.0), 5.0)
    assert [budget.admit(5.0) for _ in range(11)] == [True] * 10 + [False]


@pytest.mark.parametrize("wrong", [{"ratio": 1.5}, {"per_s": -1.0}, {"tokens_max": 0.5}])
def test_a_budget_that_makes_no_sense_is_refused_with_what_was_seen(wrong):
    with pytest.raises(ValueError, match=f"got .*{next(iter(wrong.values())):g}"):
        RetryBudgetConfig(**wrong)
