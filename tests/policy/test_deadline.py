"""Deadline: the time that is left gets less until there is none, and nothing is begun that cannot end in time."""

import pytest

from reference_impl.policy.deadline import Deadline


@pytest.mark.parametrize(("needed_s", "allowed"), [(0.9, True), (1.0, False), (1.1, False)])
def test_what_cannot_end_in_time_is_not_begun(needed_s, allowed):
    assert Deadline.after(2.0, 10.0).allows(needed_s, 11.0) is allowed


def test_time_that_is_over_is_none_and_not_less():
    assert Deadline.after(1.0, 10.0).remaining_s(20.0) == 0.0


def test_no_time_at_all_is_refused():
    with pytest.raises(ValueError, match="limit_s must be > 0, got 0"):
        Deadline.after(0.0, 1.0)
