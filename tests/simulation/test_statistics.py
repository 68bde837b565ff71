"""Intervals against published tables and known samples; seeds that depend on their names and on nothing else."""

import math
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulation.statistics import confidence_interval, controlled_interval, seed_sequence, t_quantile

# Upper quantiles of Student's t as printed in tables (NIST/SEMATECH e-Handbook of Statistical Methods, 1.3.6.7.2).
TABLE = [
    (0.90, 1, 3.078),
    (0.95, 1, 6.314),
    (0.975, 1, 12.706),
    (0.995, 1, 63.657),
    (0.975, 2, 4.303),
    (0.995, 2, 9.925),
    (0.975, 5, 2.571),
    (0.99, 9, 2.821),
    (0.995, 10, 3.169),
    (0.995, 19, 2.861),
    (0.975, 29, 2.045),
    (0.995, 39, 2.708),
    (0.999, 30, 3.385),
    (0.975, 100, 1.984),
]

degrees_of_freedom = st.integers(1, 200)
probabilities = st.floats(0.001, 0.999)


@pytest.mark.parametrize(("probability", "degrees", "printed"), TABLE)
def test_the_t_quantile_is_the_printed_one(probability: float, degrees: int, printed: float) -> None:
    assert round(t_quantile(probability, degrees), 3) == printed


@given(st.floats(1e-6, 1 - 1e-6))
def test_the_t_quantile_has_its_closed_form_at_one_and_two_degrees(probability: float) -> None:
    one = math.tan(math.pi * (probability - 0.5))
    two = (2 * probability - 1) * math.sqrt(2 / (4 * probability * (1 - probability)))
    assert t_quantile(probability, 1) == pytest.approx(one, rel=1e-9, abs=1e-12)
    assert t_quantile(probability, 2) == pytest.approx(two, rel=1e-9, abs=1e-12)


@given(probabilities, probabilities, degrees_of_freedom)
def test_the_t_quantile_is_symmetric_and_rises(one: float, other: float, degrees: int) -> None:
    assert t_quantile(one, degrees) == pytest.approx(-t_quantile(1 - one, degrees), abs=1e-9)
    low, high = sorted((one, other))
    assert t_quantile(low, degrees) <= t_quantile(high, degrees)


@pytest.mark.parametrize(("probability", "degrees"), [(0.0, 5), (1.0, 5), (0.5, 0), (math.nan, 5)])
def test_a_quantile_that_does_not_exist_is_refused(probability: float, degrees: int) -> None:
    with pytest.raises(ValueError, match="need 0 < probability < 1"):
        t_quantile(probability, degrees)


def test_an_interval_computed_by_hand() -> None:
    """Mean 3, deviation sqrt(2.5), error sqrt(0.5), and t at 4 degrees and 97.5% is 2.7764."""
    interval = confidence_interval([1, 2, 3, 4, 5], 0.95)
    assert interval.mean == 3
    assert interval.half_width == pytest.approx(2.7764 * math.sqrt(0.5), rel=1e-4)
    assert interval.relative_half_width == pytest.approx(interval.half_width / 3)
    assert 1.1 in interval
    assert 1.0 not in interval


def test_intervals_hold_the_truth_as_often_as_they_say() -> None:
    samples = np.random.default_rng(1).normal(7.0, 2.0, size=(2_000, 8))
    held = sum(7.0 in confidence_interval(list(each), 0.90) for each in samples)
    assert held / 2_000 == pytest.approx(0.90, abs=0.02)  # three deviations of the share


@pytest.mark.parametrize(("samples", "confidence"), [([1.0], 0.99), ([], 0.99), ([1.0, 2.0], 1.0), ([1.0, 2.0], 0.0)])
def test_an_interval_that_says_nothing_is_refused(samples: list[float], confidence: float) -> None:
    with pytest.raises(ValueError, match=r"an interval needs|confidence must"):
        confidence_interval(samples, confidence)


def draws(seed: int, scenario: str, replication: int, stream: str) -> list[int]:
    return [int(word) for word in seed_sequence(seed, scenario, replication, stream).generate_state(4)]


def test_every_part_of_the_path_makes_another_stream_and_the_same_path_the_same_one() -> None:
    paths = [(1, "up", 0, "posts"), (2, "up", 0, "posts"), (1, "down", 0, "posts"), (1, "up", 1, "posts")]
    paths += [(1, "up", 0, "commits"), (1, "posts", 0, "up"), (1, "", 0, "upposts"), (1, "upposts", 0, "")]
    states = [tuple(draws(*path)) for path in paths]
    assert len(set(states)) == len(paths)
    assert states == [tuple(draws(*path)) for path in paths]


def test_streams_are_uncorrelated() -> None:
    drawn = [np.random.default_rng(seed_sequence(1, "up", n, "posts")).random(20_000) for n in range(5)]
    correlation = np.corrcoef(drawn) - np.eye(5)
    assert np.abs(correlation).max() < 0.03  # four deviations of a correlation of 20,000 independent pairs


def test_seeds_are_the_same_in_every_process() -> None:
    code = "from simulation.statistics import *; print(*seed_sequence(1, 'up', 0, 'posts').generate_state(4))"
    answer = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True, timeout=240)
    assert [int(word) for word in answer.stdout.split()] == draws(1, "up", 0, "posts")


@pytest.mark.parametrize(("seed", "replication"), [(-1, 0), (0, -1), (0, 2**32)])
def test_a_seed_or_replication_out_of_range_is_refused(seed: int, replication: int) -> None:
    with pytest.raises(ValueError, match="need seed >= 0"):
        seed_sequence(seed, "up", replication, "posts")


def test_controls_take_out_what_they_explain() -> None:
    rng = np.random.default_rng(3)
    off = rng.normal(0, 1, 30)
    values = 5 + 2 * off + rng.normal(0, 0.1, 30)
    controlled = controlled_interval(values.tolist(), [[each] for each in off])
    assert 5 in controlled
    assert controlled.half_width < confidence_interval(values.tolist()).half_width / 10


def test_without_controls_a_controlled_interval_is_the_plain_one() -> None:
    values = [1.0, 2.0, 4.0]
    plain, controlled = confidence_interval(values), controlled_interval(values, [()] * 3)
    assert (controlled.mean, controlled.half_width) == pytest.approx((plain.mean, plain.half_width))
    with pytest.raises(ValueError, match="controls need more"):
        controlled_interval(values, [[1.0, 2.0]] * 3)


def test_controlled_intervals_hold_the_truth_as_often_as_they_say() -> None:
    rng = np.random.default_rng(4)
    held = 0
    for _ in range(1_000):
        off = rng.normal(0, 1, (12, 2))
        values = off @ [1.0, -1.0] + rng.normal(0, 1, 12)
        held += 0.0 in controlled_interval(values.tolist(), off.tolist(), 0.9)
    assert held == pytest.approx(900, abs=30)
