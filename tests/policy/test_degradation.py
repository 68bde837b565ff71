"""The ladder: up one rung at a time while load stays, down one at a time when it has gone, at the foot in the end."""

import math
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reference_impl.policy.degradation import STAYS_FULL, DegradationConfig, Ladder, LadderConfig, Relief, Rung, Signal

CONFIG = LadderConfig()
samples = st.lists(st.tuples(st.floats(0.01, 5), st.floats(0, 10), st.sampled_from(Rung)), max_size=200)


def climb(ladder, load, seconds, start_s=0.0, highest=Rung.READ_ONLY):
    """Sample once a second; the answer is the rung after each."""
    return [ladder.sample([Signal(load, highest)], start_s + second) for second in range(seconds)]


@given(samples)
def test_it_always_comes_back_to_the_foot_when_the_load_has_gone(history):
    ladder, now_s = Ladder(CONFIG), 0.0
    for gap_s, load, highest in history:
        now_s += gap_s
        ladder.sample([Signal(load, highest)], now_s)
    rungs = climb(ladder, 0.0, 1 + int(CONFIG.down_after_s) * len(Rung), now_s)
    assert rungs[-1] is Rung.FULL
    assert all(before >= after for before, after in pairwise(rungs))


@given(samples)
def test_it_moves_one_rung_at_a_time_and_never_sooner_than_it_has_held(history):
    ladder, now_s, moved_s = Ladder(CONFIG), 0.0, float("-inf")
    for gap_s, load, highest in history:
        now_s += gap_s
        before = ladder.rung
        after = ladder.sample([Signal(load, highest)], now_s)
        if after is not before:
            assert abs(after - before) == 1
            assert now_s >= moved_s + (CONFIG.up_after_s if after > before else CONFIG.down_after_s)
            moved_s = now_s


def test_it_climbs_while_the_load_stays():
    rungs = climb(Ladder(CONFIG), 1.0, 20)
    assert rungs == [0] * 3 + [1] * 3 + [2] * 3 + [3] * 3 + [4] * 8


def test_it_may_be_told_to_stay_at_the_foot():
    assert set(climb(Ladder(STAYS_FULL), 1e9, 100)) == {Rung.FULL}


def test_a_short_peak_is_none_of_its_business():
    ladder = Ladder(CONFIG)
    for start_s in range(0, 100, 4):
        climb(ladder, 9.0, 3, start_s)
        assert climb(ladder, 0.8, 1, start_s + 3) == [Rung.FULL]


def test_between_the_limits_it_stays_for_ever():
    ladder = Ladder(CONFIG)
    climb(ladder, 1.0, 8)
    assert set(climb(ladder, 0.8, 1_000, 8.0)) == {Rung.WIDE_WINDOWS}


def test_it_comes_down_a_rung_at_a_time():
    ladder = Ladder(CONFIG)
    climb(ladder, 1.0, 8)
    assert climb(ladder, 0.1, 12, 10.0) == [2] * 5 + [1] * 5 + [0] * 2


def test_a_signal_takes_it_no_higher_than_is_of_use_to_it():
    assert set(climb(Ladder(CONFIG), 5.0, 100, highest=Rung.NO_HINTS)) == {Rung.FULL, Rung.NO_HINTS}


def test_a_signal_does_not_hold_it_above_the_rung_that_is_of_use_to_it():
    ladder = Ladder(CONFIG)
    climb(ladder, 1.0, 20)
    assert climb(ladder, 5.0, 100, 20.0, highest=Rung.NO_HINTS)[-1] is Rung.NO_HINTS


def test_the_worst_of_several_signals_counts():
    ladder = Ladder(CONFIG)
    for second in range(4):
        ladder.sample([Signal(0.0), Signal(1.2), Signal(0.3)], second)
    assert ladder.rung is Rung.NO_HINTS


def test_a_process_that_hung_between_two_samples_moves_one_rung():
    ladder = Ladder(CONFIG)
    ladder.sample([Signal(9.0)], 0.0)
    assert ladder.sample([Signal(9.0)], 600.0) is Rung.NO_HINTS


@pytest.mark.parametrize(
    ("rung", "relief"),
    [
        (Rung.FULL, Relief()),
        (Rung.NO_HINTS, Relief()),
        (Rung.WIDE_WINDOWS, Relief(window_factor=5.0)),
        (Rung.SMALL_BUDGET, Relief(window_factor=5.0, budget_factor=0.5)),
        (Rung.READ_ONLY, Relief(window_factor=5.0, budget_factor=0.5)),
    ],
)
def test_each_rung_keeps_what_those_below_it_gave(rung, relief):
    assert DegradationConfig().relief(rung) == relief


@pytest.mark.parametrize("load", [-0.1, math.nan])
def test_a_load_that_is_none_is_refused(load):
    with pytest.raises(ValueError, match=f"load must be >= 0, got {load:g}"):
        Signal(load)


@pytest.mark.parametrize(
    ("config", "wrong", "said"),
    [
        (LadderConfig, {"down_at": 1.0}, "down_at < up_at, got 1 and 1"),
        (LadderConfig, {"up_after_s": -1.0}, "got -1 and 5"),
        (DegradationConfig, {"fill_max": 2.0}, "got 0.5 and 2"),
        (DegradationConfig, {"window_factor": 0.5}, "got 0.5 and 0.5"),
    ],
)
def test_a_config_that_makes_no_sense_is_refused_with_what_was_seen(config, wrong, said):
    with pytest.raises(ValueError, match=said):
        config(**wrong)
