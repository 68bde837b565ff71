"""When to wake next: the earliest deadline, but never so soon after a wake-up that a shell would spin."""

import math

from hypothesis import given
from hypothesis import strategies as st

from reference_impl.policy.timer import RESOLUTION_S, next_wake

times = st.floats(0, 1e9)
deadlines = st.lists(st.none() | times, max_size=5)


@given(deadlines)
def test_a_shell_wakes_at_its_earliest_deadline(due: list[float | None]) -> None:
    assert next_wake(*due) == min((at for at in due if at is not None), default=None)


@given(deadlines, times)
def test_after_a_wake_up_the_next_one_is_the_earliest_that_is_a_resolution_away(
    due: list[float | None], woken_at: float
) -> None:
    earliest = next_wake(*due)
    expected = None if earliest is None else max(earliest, woken_at + RESOLUTION_S)
    assert next_wake(*due, woken_at=woken_at) == expected


@given(st.lists(times, min_size=1, max_size=5), times)
def test_a_shell_that_is_woken_early_every_time_still_advances_by_a_resolution(due: list[float], now: float) -> None:
    for _ in range(5):
        at = next_wake(*due, woken_at=now)
        assert at is not None
        assert at >= now + RESOLUTION_S
        now = math.nextafter(at, -math.inf)


def test_nothing_due_means_no_wake_up() -> None:
    assert next_wake() is next_wake(None, None) is next_wake(None, woken_at=5.0) is None


def test_a_wake_up_at_time_zero_counts_as_one() -> None:
    assert next_wake(0.0, woken_at=0.0) == RESOLUTION_S


def test_a_far_deadline_is_not_put_off() -> None:
    assert next_wake(9.0, None, 7.5, woken_at=7.0) == 7.5
