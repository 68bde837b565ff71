"""A loop's lag: the mean over looks at a steady pace, those counted that fell due while it was busy."""

import pytest

from reference_impl.policy.lag import LagConfig, LagMeter


def means(comes_back, seconds=20.0):
    """What a meter finds on a loop that comes back at ``comes_back(due_s)``."""
    meter, now_s, found = LagMeter(LagConfig(), 0.0), 0.0, []
    while now_s < seconds:
        now_s = max(now_s, comes_back(meter.due_s))
        if (mean_s := meter.woken(now_s)) is not None:
            found.append(mean_s)
    return found


def in_turns_of(turn_s):
    """Busy all the time: it is free for a timer at multiples of the turn's length only."""
    return lambda due_s: -(-due_s // turn_s) * turn_s


def test_a_loop_that_is_free_is_not_late():
    assert means(lambda due_s: due_s) == [0.0] * 20


@pytest.mark.parametrize("turn_s", [0.03, 0.17, 0.23, 0.7])
def test_a_busy_loop_is_half_a_turn_late_on_average_however_long_its_turns(turn_s):
    found = means(in_turns_of(turn_s), 200.0)
    assert sum(found) / len(found) == pytest.approx(turn_s / 2, rel=0.15)


def test_one_mean_differs_from_the_next_by_much_less_than_one_look_from_the_next():
    found = means(in_turns_of(0.17), 200.0)
    assert max(found) - min(found) < 0.17 / 3


def test_a_loop_that_hung_has_one_mean_for_all_that_time():
    meter = LagMeter(LagConfig(), 0.0)
    assert meter.woken(60.0) == pytest.approx(59.9 / 2)
    assert meter.due_s == pytest.approx(60.1)
    assert meter.woken(60.1) is None


def test_who_wakes_it_a_little_early_need_not_wake_it_again():
    meter = LagMeter(LagConfig(looks=1), 0.0)
    assert meter.woken(0.0994) == 0.0
    assert meter.woken(0.15) is None
    assert meter.due_s == pytest.approx(0.2)


@pytest.mark.parametrize("wrong", [{"every_s": 0.0}, {"looks": 0}])
def test_a_config_that_makes_no_sense_is_refused(wrong):
    with pytest.raises(ValueError, match="need every_s > 0 and looks >= 1, got"):
        LagConfig(**wrong)
