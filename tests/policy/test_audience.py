"""The count that viewers are told, and its stated error."""

from hypothesis import example, given
from hypothesis import strategies as st

from reference_impl.policy.audience import EXACT_MAX, about


@given(st.integers(0, 10**8))
@example(104)
@example(105)
@example(149)
def test_the_count_is_within_its_stated_error(viewers: int) -> None:
    count, error = about(viewers)
    assert abs(count - viewers) <= error * viewers
    assert (error == 0) == (viewers <= EXACT_MAX)


def test_a_crowd_is_told_in_two_digits() -> None:
    assert [about(viewers)[0] for viewers in (100, 1_234, 5_678_901)] == [100, 1_200, 5_700_000]
