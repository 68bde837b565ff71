"""Deadline: what is passed down is never later than what came, and nothing is begun that cannot end in time."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reference_impl.policy.deadline import Deadline

limits = st.floats(0.001, 100)


@given(limits, st.lists(st.tuples(limits, st.floats(0, 10)), max_size=20), st.floats(0, 1e6))
def test_a_chain_of_calls_never_gets_more_time_than_its_first(limit_s, parts, now_s):
    first = deadline = Deadline.after(limit_s, now_s)
    for part_s, passed_s in parts:
        now_s += passed_s
        deadline = deadline.narrowed(part_s, now_s)
        assert deadline.at_s <= min(first.at_s, now_s + part_s)
        assert deadline.remaining_s(now_s) >= 0


@pytest.mark.parametrize(("needed_s", "allowed"), [(0.9, True), (1.0, False), (1.1, False)])
def test_what_cannot_end_in_time_is_not_begun(needed_s, allowed):
    assert Deadline.after(2.0, 10.0).allows(needed_s, 11.0) is allowed


def test_time_that_is_over_is_none_and_not_less():
    assert Deadline.after(1.0, 10.0).remaining_s(20.0) == 0.0


def test_no_time_at_all_is_refused():
    with pytest.raises(ValueError, match="limit_s must be > 0, got 0"):
        Deadline.after(0.0, 1.0)
