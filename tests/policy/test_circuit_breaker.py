"""Circuit breaker: opens at an outage, at nothing less, and finds out by itself when it is over."""

import math
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reference_impl.policy.circuit_breaker import BreakerConfig, CircuitBreaker, State

CONFIG = BreakerConfig(jitter=0.0)


def breaker(config=CONFIG, seed=1):
    return CircuitBreaker(config, Random(seed))


def call(one, now_s, *, fails=False, takes_s=0.0):
    """One call from beginning to end; False when it was refused."""
    admitted = one.admit(now_s)
    if admitted is None:
        return False
    (one.failed if fails else one.succeeded)(admitted, now_s + takes_s)
    return True


def opened(now_s=100.0, config=CONFIG):
    """A breaker that has just opened."""
    one = breaker(config)
    for _ in range(config.calls_min):
        call(one, now_s, fails=True)
    assert one.state(now_s) is State.OPEN
    return one


@settings(max_examples=30)
@given(st.integers(0, 2**32), st.integers(1_000, 5_000), st.floats(0.0, 0.1), st.floats(0.01, 20.0))
def test_a_tenth_of_a_burst_may_fail_at_random(seed, calls, share, burst_s):
    one, rng = breaker(), Random(seed)
    for number in range(calls):
        assert call(one, 50.0 + burst_s * number / calls, fails=rng.random() < share)
    assert one.opened == 0


@given(st.integers(3, 40), st.integers(2_000, 4_000))
def test_failures_in_a_row_are_no_sign_among_thousands_of_successes(failures, calls):
    one = breaker()
    for number in range(calls):
        call(one, 5.0 + number / 1_000, fails=1_000 <= number < 1_000 + failures)
    assert one.opened == 0


@given(st.floats(0, 1e6), st.floats(0, 100))
def test_a_lone_failure_is_no_sign_however_long_nothing_else_happens(now_s, takes_s):
    one = breaker()
    call(one, now_s, fails=True, takes_s=takes_s)
    assert one.state(now_s + takes_s) is State.CLOSED


def test_it_opens_when_half_of_many_calls_fail():
    one = breaker()
    for number in range(CONFIG.calls_min):
        assert one.state(1.0) is State.CLOSED
        call(one, 1.0, fails=number % 2 == 1)
    assert one.state(1.0) is State.OPEN


def test_it_opens_when_the_few_calls_there_are_fail_one_after_the_other():
    one = breaker()
    for begun_s in (10.0, 12.0, 14.0):
        assert one.state(begun_s) is State.CLOSED
        call(one, begun_s, fails=True, takes_s=2.0)
    assert one.state(16.0) is State.OPEN


def test_few_failures_that_come_together_are_no_silence_yet():
    one = breaker()
    for _ in range(10):
        call(one, 10.0, fails=True, takes_s=2.0)
    assert one.state(12.0) is State.CLOSED


def test_a_success_ends_the_silence():
    one = breaker()
    for begun_s in (10.0, 12.0):
        call(one, begun_s, fails=True, takes_s=2.0)
    call(one, 14.0)
    call(one, 14.1, fails=True, takes_s=2.0)
    assert one.state(17.0) is State.CLOSED


def test_an_outage_is_noticed_after_a_busy_time_too():
    one = breaker()
    for number in range(5_000):
        call(one, number / 1_000)
    for begun_s in (5.0, 7.0, 9.0):
        call(one, begun_s, fails=True, takes_s=2.0)
    assert one.state(11.0) is State.OPEN


def test_a_slow_answer_is_a_failure():
    one = breaker()
    for _ in range(CONFIG.calls_min):
        call(one, 1.0, takes_s=CONFIG.slow_s * 1.01)
    assert one.opened == 1


def test_what_has_left_the_window_does_not_count():
    one = breaker()
    for number in range(CONFIG.calls_min - 1):
        call(one, 1.0, fails=number % 2 == 1)
    assert one.counts(1.0) == (49, 24)
    assert one.counts(1.0 + CONFIG.window_s * 1.2) == (0, 0)


def test_an_open_one_refuses_until_its_time_is_over():
    one = opened(100.0)
    assert not call(one, 100.9)
    assert one.retry_after_s(100.25) == pytest.approx(0.75)
    assert one.state(101.0) is State.HALF_OPEN
    assert call(one, 101.0)


@given(st.integers(1, 10), st.integers(1, 50))
def test_a_half_open_one_has_no_more_than_so_many_probes_at_once(probes, calls):
    one = opened(config=BreakerConfig(probes_max=probes, successes=1_000))
    admitted = [one.admit(200.0) for _ in range(calls)]
    assert sum(each is not None for each in admitted) == min(probes, calls)
    assert one.retry_after_s(200.0) > 0
    one.succeeded(admitted[0], 200.1)
    assert one.admit(200.1) is not None, "there is room for the next one"


def test_a_probe_whose_caller_goes_away_makes_room_and_tells_nothing():
    one = opened(config=BreakerConfig(probes_max=1))
    one.abandoned(one.admit(200.0))
    assert one.state(200.0) is State.HALF_OPEN
    assert one.admit(200.0) is not None


def test_enough_successes_close_it():
    one = opened()
    for _ in range(CONFIG.successes):
        assert one.state(102.0) is State.HALF_OPEN
        call(one, 102.0)
    assert one.state(102.0) is State.CLOSED
    assert one.counts(102.0) == (0, 0), "it begins afresh"


def test_one_failing_probe_opens_it_again_for_longer_up_to_a_maximum():
    one, now_s, waits = opened(), 100.0, []
    for _ in range(6):
        waits.append(one.retry_at - now_s)
        now_s = one.retry_at
        call(one, now_s, fails=True)
    assert waits == pytest.approx([1, 2, 4, 8, 10, 10])


@pytest.mark.parametrize(("closed_s", "open_s"), [(30.0, 2.0), (60.0, 1.0)])
def test_an_opening_is_a_repeat_unless_it_was_calm_before(closed_s, open_s):
    one = opened()
    for _ in range(CONFIG.successes):
        call(one, 102.0)
    for _ in range(CONFIG.calls_min):
        call(one, 102.0 + closed_s, fails=True)
    assert one.retry_at == pytest.approx(102.0 + closed_s + open_s)


@given(st.floats(0, 1), st.integers())
def test_the_jitter_takes_no_more_than_its_part_of_the_open_time(jitter, seed):
    one = breaker(BreakerConfig(jitter=jitter, calls_min=1, failure_ratio=1.0, failures_min=2), seed)
    call(one, 0.0, fails=True)
    assert 1 - jitter <= one.retry_at <= 1


def test_what_was_begun_before_it_opened_tells_nothing_of_the_time_after():
    one = breaker(BreakerConfig(successes=1))
    early = [one.admit(100.0) for _ in range(60)]
    for each in early[:50]:
        one.failed(each, 101.0)
    assert call(one, 105.0, fails=False)
    assert one.state(105.0) is State.CLOSED
    for each in early[50:]:
        one.failed(each, 105.0)
    assert one.counts(105.0) == (0, 0)


@given(st.lists(st.tuples(st.floats(0, 5), st.booleans(), st.floats(0, 3)), max_size=200), st.integers())
def test_once_the_dependency_answers_it_closes_by_itself(history, seed):
    one, now_s = breaker(seed=seed), 0.0
    for gap_s, fails, takes_s in history:
        now_s += gap_s
        call(one, now_s, fails=fails, takes_s=takes_s)
        now_s += takes_s
    for _ in range(CONFIG.successes):
        now_s = max(now_s, one.retry_at)
        assert call(one, now_s)
    assert one.state(now_s) is State.CLOSED


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"failure_ratio": 0.0}, "failure_ratio"),
        ({"jitter": 1.5}, "jitter"),
        ({"open_s": 9.0, "open_max_s": 1.0}, "open_s <= open_max_s, got 9 and 1"),
        ({"failures_min": 1}, "failures_min must be >= 2"),
        ({"probes_max": 0}, "must be >= 1, got 50, 0 and 3"),
        ({"window_s": math.nan}, "got nan"),
    ],
)
def test_a_config_that_makes_no_sense_is_refused_with_what_was_seen(wrong, said):
    with pytest.raises(ValueError, match=said):
        BreakerConfig(**wrong)
