"""Draws from measured costs: near the state that is asked for, between audiences, and the same after a file."""

from dataclasses import replace
from pathlib import Path
from random import Random
from statistics import mean

import numpy as np
import pytest

from simulation.calibration import Calibration, merged

MS = 1e-3


def rows(viewers: int, gap_s: float, events: int, duration_s: float, count: int = 20) -> list[list[float]]:
    return [[viewers, gap_s, events, duration_s, 0.1 * MS, duration_s] for _ in range(count)]


def calibration(fan_outs: list[list[float]]) -> Calibration:
    return Calibration(
        posts=np.array([[0.001, 1 * MS, 0.1 * MS]] * 20 + [[0.1, 2 * MS, 0.3 * MS]] * 20),
        commits=np.array([[0.01, 1, 1 * MS]] * 20 + [[0.01, 10, 2 * MS]] * 20),
        handovers=np.array([[0.001, 0.1 * MS, 0.2 * MS, 0.3 * MS]] * 20 + [[0.1, 0.2 * MS, 0.4 * MS, 0.6 * MS]] * 20),
        hops=np.array([0.02 * MS]), slacks=np.array([0.5 * MS]), receive_s=0.1 * MS,
        answers=np.array([[0.001, 0.1 * MS], [0.01, 0.2 * MS], [0.1, 0.3 * MS]]),
        fan_outs=np.array(fan_outs, dtype=float), stalls=np.zeros(0), stalls_per_s=0.0,
        polls=np.array([0.4 * MS]), edge_hops=np.zeros(0), machine={"cpu": "a CPU"},
    )  # fmt: skip


SMALL_AND_LARGE = calibration(rows(100, 0.05, 1, 1 * MS) + rows(1_000, 0.05, 1, 10 * MS))


@pytest.mark.parametrize(("viewers", "duration_ms"), [(100, 1.0), (1_000, 10.0), (550, 5.5), (2_000, 20.0)])
def test_a_fan_outs_cost_goes_as_a_line_between_the_probed_audiences_and_beyond_the_largest(
    viewers: int, duration_ms: float
) -> None:
    cost = SMALL_AND_LARGE.fan_out(0.0, viewers, 0.05, 1, Random(1))
    assert cost.duration_s == pytest.approx(duration_ms * MS)


def test_a_post_costs_what_it_did_after_such_a_pause() -> None:
    hot, cold = (SMALL_AND_LARGE.post(0.0, gap_s, Random(1)) for gap_s in (0.0005, 5.0))
    assert (hot.ingress_s, cold.ingress_s) == pytest.approx((1 * MS, 2 * MS))


def test_a_commit_is_handed_over_as_it_was_after_such_a_pause() -> None:
    hot, cold = (SMALL_AND_LARGE.commit(0.0, gap_s, 1, Random(1)) for gap_s in (0.0005, 5.0))
    assert (hot.dispatch_s, hot.handover_s, hot.sync_s) == pytest.approx((0.1 * MS, 0.2 * MS, 0.3 * MS))
    assert (cold.dispatch_s, cold.handover_s, cold.sync_s) == pytest.approx((0.2 * MS, 0.4 * MS, 0.6 * MS))


def test_a_fan_out_is_like_those_of_as_many_events_and_as_long_a_pause() -> None:
    costs = calibration(rows(100, 0.001, 1, 1 * MS) + rows(100, 0.1, 1, 2 * MS) + rows(100, 0.001, 20, 3 * MS))
    drawn = [
        costs.fan_out(0.0, 100, gap_s, events, Random(1)).duration_s for gap_s, events in ((0, 1), (9, 1), (0, 20))
    ]
    assert drawn == pytest.approx([1 * MS, 2 * MS, 3 * MS])


def test_a_commit_of_a_size_that_was_not_probed_is_scaled_by_the_line_through_those_that_were() -> None:
    drawn = mean(SMALL_AND_LARGE.commit(0.0, 0.01, 19, Random(seed)).work_s for seed in range(20))
    assert drawn == pytest.approx(3 * MS, rel=1e-6)


def test_a_commit_and_an_answer_cost_what_they_did_after_such_a_pause() -> None:
    costs = replace(SMALL_AND_LARGE, commits=np.array([[0.001, 1, 1 * MS]] * 20 + [[0.1, 1, 2 * MS]] * 20))
    hot, cold = (costs.commit(0.0, gap_s, 1, Random(1)).work_s for gap_s in (0.0, 9.0))
    assert (hot, cold) == pytest.approx((1 * MS, 2 * MS))
    assert [costs.answer(gap_s) for gap_s in (0.0, 0.01, 9.0)] == pytest.approx([0.1 * MS, 0.2 * MS, 0.3 * MS])


def test_a_file_keeps_every_sample(tmp_path: Path) -> None:
    SMALL_AND_LARGE.save(tmp_path / "calibration.json")
    again = Calibration.load(tmp_path / "calibration.json")
    assert again.as_dict() == SMALL_AND_LARGE.as_dict()
    assert again.audiences == (100, 1_000)


def test_probes_of_several_audiences_are_one_calibration() -> None:
    parts = [
        calibration(rows(100, 0.05, 1, 1 * MS)),
        replace(calibration(rows(500, 0.05, 1, 5 * MS)), receive_s=0.3 * MS),
    ]
    both = merged(parts)
    assert both.audiences == (100, 500)
    assert both.receive_s == pytest.approx(0.2 * MS)
    for viewers, receive_ms in ((90, 0.1), (200, 0.1), (300, 0.3), (2_000, 0.3)):
        assert both.near(viewers).receive_s == pytest.approx(receive_ms * MS)
        assert both.near(viewers).audiences == (100, 500)
    assert Calibration.of(both.as_dict()).as_dict() == both.as_dict()


def test_what_was_not_probed_is_told() -> None:
    with pytest.raises(ValueError, match="no such probe"):
        SMALL_AND_LARGE.edge_hop(Random(1))
