"""The small closed forms and the wording behind the figures of the lessons."""

import math
from random import Random

import pytest

from simulation.course.figures.way_of_a_comment import LONG, SHORT, in_cycle, window_wait_ms
from simulation.docs import spoken
from simulation.docs.stages import interval, ranged


def played(per_ms, window_ms, fan_out_ms, comments=60_000):
    """Waits at a hub that rests for a window after each fan-out, one by one."""
    rng, at, free_at, waits, waiting = Random(1), 0.0, 0.0, [], []
    for _ in range(comments):
        at += rng.expovariate(per_ms)
        while waiting and at > free_at:
            waits += [free_at - heard for heard in waiting]
            waiting, free_at = [], free_at + fan_out_ms + window_ms
        if at >= free_at:
            waits.append(0.0)
            free_at = at + fan_out_ms + window_ms
        else:
            waiting.append(max(at, free_at - window_ms))  # who comes in the fan-out is heard after it
    return sorted(waits)


@pytest.mark.parametrize("scenario", [SHORT, LONG])
def test_the_wait_at_the_hub_is_that_of_a_window_played_out(scenario):
    window_ms = scenario.spec["system"]["window_ms"]
    waits = played(scenario.per_s("comments") / 1000, window_ms, 2 * scenario.value("socket", "p50"))
    for share in (0.25, 0.5, 0.75, 0.99):
        assert window_wait_ms(scenario, share) == pytest.approx(waits[int(share * len(waits))], abs=0.02 * window_ms)


def test_a_turn_without_comments_lasts_until_one_comes():
    came, none, cycle_ms = in_cycle(SHORT)
    assert none == pytest.approx(math.exp(-came))
    assert (came + none) / cycle_ms == pytest.approx(SHORT.per_s("comments") / 1000)  # all that come are in some turn


@pytest.mark.parametrize(
    ("said", "right"),
    [
        (spoken.rate(12_510), "12.5 kbit/s"),
        (spoken.rate(600e12), "600 Tbit/s"),
        (spoken.many(5e11), "500 billion"),
        (spoken.many(155_340), "155,000"),
        (spoken.percent(1e-4), "0.01 %"),
        (spoken.time(100_000), "27.8 h"),
        (spoken.off(86, 100), "-14 %"),
        (spoken.off(100.1, 100), "±0 %"),
        (ranged([12.04, 11.4, 12.4]), "12.0 (11.4-12.4)"),
        (interval([1.0, 1.0, 1.3]), "1.10 ± 0.43"),
    ],
)
def test_numbers_are_said_with_as_many_digits_as_say_something(said, right):
    assert said == right
