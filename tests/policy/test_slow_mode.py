"""Slow mode, against an oracle that remembers everything."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reference_impl.policy.slow_mode import SlowMode, SlowModeConfig

# (who, seconds since the last attempt, the interval in force)
attempts = st.lists(st.tuples(st.sampled_from("abc"), st.floats(0, 40), st.sampled_from([0.0, 1.0, 30.0])), max_size=60)


def slow_mode(keys_max: int = 100) -> SlowMode:
    return SlowMode(SlowModeConfig(keys_max=keys_max))


@given(attempts)
def test_an_attempt_is_admitted_when_the_last_admitted_one_is_an_interval_ago(
    given_attempts: list[tuple[str, float, float]],
) -> None:
    slow, last_at, now = slow_mode(), dict.fromkeys("abc", -math.inf), 0.0
    for key, gap_s, interval_s in given_attempts:
        now += gap_s
        admitted = interval_s == 0 or now >= last_at[key] + interval_s
        assert slow.admit(key, interval_s, now).admitted == admitted
        if admitted and interval_s:
            last_at[key] = now


@given(st.floats(0, 1e6), st.floats(0.001, 300))
def test_a_refusal_names_the_exact_time_from_which_it_is_admitted(now: float, interval_s: float) -> None:
    slow = slow_mode()
    slow.admit("ann", interval_s, now)
    retry_at = slow.admit("ann", interval_s, now).retry_at
    assert not slow.admit("ann", interval_s, math.nextafter(retry_at, -math.inf)).admitted
    assert slow.admit("ann", interval_s, retry_at).admitted


@given(st.lists(st.floats(0, 9.99), min_size=1, max_size=20))
def test_a_refusal_costs_nothing(times: list[float]) -> None:
    slow = slow_mode()
    slow.admit("ann", 10, 0.0)
    assert {slow.admit("ann", 10, now).retry_at for now in sorted(times)} == {10.0}


def test_one_user_s_turn_leaves_the_others_alone() -> None:
    slow = slow_mode()
    assert [slow.admit(key, 10, 0.0).admitted for key in ("ann", "ann", "bob")] == [True, False, True]


def test_a_turn_that_came_to_nothing_is_given_back() -> None:
    slow = slow_mode()
    slow.admit("ann", 10, 0.0)
    slow.forget("ann")
    slow.forget("nobody")
    assert [slow.admit("ann", 10, 1.0).admitted for _ in range(2)] == [True, False]


def test_a_changed_interval_holds_for_turns_taken_before_it() -> None:
    slow = slow_mode()
    slow.admit("ann", 10, 0.0)
    assert slow.admit("ann", 60, 20.0).retry_at == 60.0
    assert slow.admit("ann", 5, 20.0).admitted


def test_an_interval_of_zero_is_off_and_takes_nobody_s_place() -> None:
    slow = slow_mode(keys_max=1)
    slow.admit("ann", 10, 0.0)
    assert [slow.admit("bob", 0, 0.0).admitted for _ in range(3)] == [True] * 3
    assert not slow.admit("ann", 10, 1.0).admitted


def test_past_the_bound_the_oldest_turn_is_forgotten() -> None:
    slow = slow_mode(keys_max=2)
    for now, key in enumerate(("ann", "bob", "cyd")):
        slow.admit(key, 10, now)
    assert [slow.admit(key, 10, 3.0).admitted for key in ("cyd", "bob", "ann")] == [False, False, True]


def test_a_new_turn_makes_an_old_user_the_newest() -> None:
    slow = slow_mode(keys_max=2)
    for now, key in ((0.0, "ann"), (9.0, "bob"), (10.0, "ann"), (11.0, "cyd")):
        assert slow.admit(key, 10, now).admitted
    assert [slow.admit(key, 10, 12.0).admitted for key in ("ann", "bob")] == [False, True]


def test_a_bound_that_makes_no_sense_is_refused_by_name() -> None:
    with pytest.raises(ValueError, match=r"keys_max.*got 0"):
        SlowModeConfig(keys_max=0)
