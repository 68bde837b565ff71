"""Pacing of polls: within bounds, spread out, and at once where that is wanted."""

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reference_impl.policy.polling import WAIT_MAX_S, Pacing, PollingConfig, spread_s


@given(st.integers(), st.floats(0, 600))
def test_a_hold_is_the_second_half_of_what_was_offered_and_never_over_the_bound(seed: int, wait_s: float) -> None:
    hold_s = Pacing(PollingConfig(), Random(seed)).hold_s(wait_s)
    offered_s = min(wait_s, WAIT_MAX_S)
    assert offered_s / 2 <= hold_s <= offered_s


@given(st.integers(), st.booleans(), st.booleans(), st.booleans())
def test_who_may_have_missed_nothing_comes_back_at_once_and_others_at_their_own_time(
    seed: int, held: bool, full: bool, empty: bool
) -> None:
    config = PollingConfig(busy_s=1.0, plain_s=2.0)
    pause_s = Pacing(config, Random(seed)).pause_s(held=held, full=full, empty=empty)
    mean_s = config.busy_s if held else config.plain_s
    assert pause_s == 0 if full or (held and empty) else 0.5 * mean_s <= pause_s <= 1.5 * mean_s


def test_a_crowd_that_was_answered_together_does_not_come_back_together() -> None:
    pacing = Pacing(PollingConfig(), Random(1))
    assert len({pacing.pause_s(held=True, full=False, empty=False) for _ in range(100)}) == 100


def test_a_pause_that_all_are_told_alike_is_each_ones_own() -> None:
    rng = Random(1)
    pauses_s = [spread_s(2.0, rng) for _ in range(200)]
    assert 1.0 <= min(pauses_s) < 1.2 < 2.8 < max(pauses_s) <= 3.0


def test_a_negative_pause_is_refused_by_name() -> None:
    with pytest.raises(ValueError, match="-1"):
        PollingConfig(busy_s=-1)
