"""A window of reactions becomes a few sums."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reference_impl.policy.reactions import ReactionConfig, ReactionSum, largest_changes

changes = st.dictionaries(st.tuples(st.sampled_from("xyz"), st.sampled_from("abcdef")), st.integers(-5, 5))


def test_the_largest_changes_are_told_the_largest_first() -> None:
    told = largest_changes({("", "a"): 1, ("", "b"): 3, ("c", "a"): -2}, ReactionConfig(top=2))
    assert told == [ReactionSum("", "b", 3), ReactionSum("c", "a", -2)]


def test_what_was_given_and_taken_back_is_not_told() -> None:
    assert largest_changes({("", "a"): 0}, ReactionConfig()) == []


@given(changes, st.integers(1, 20))
def test_nothing_that_is_left_out_is_larger_than_what_is_told(found: dict[tuple[str, str], int], top: int) -> None:
    told = largest_changes(found, ReactionConfig(top=top))
    left_out = [abs(delta) for key, delta in found.items() if delta and ReactionSum(*key, delta) not in told]
    assert len(told) == min(top, sum(delta != 0 for delta in found.values()))
    assert max(left_out, default=0) <= min((abs(each.delta) for each in told), default=0)


@given(changes)
def test_the_order_in_which_they_came_makes_no_difference(found: dict[tuple[str, str], int]) -> None:
    assert largest_changes(found, ReactionConfig()) == largest_changes(dict(reversed(found.items())), ReactionConfig())


@pytest.mark.parametrize("wrong", [{"window_s": 0}, {"top": 0}])
def test_impossible_settings_are_refused(wrong: dict[str, int]) -> None:
    with pytest.raises(ValueError, match="positive"):
        ReactionConfig(**wrong)
