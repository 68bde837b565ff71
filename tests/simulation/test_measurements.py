"""Joining the server's stamps with the generator's times: every figure worked out by hand."""

import numpy as np
import pytest

from simulation.measurements import Receipts, read_measured, stage_latencies


@pytest.fixture
def measured(tmp_path):
    path = tmp_path / "measure.csv"
    path.write_text(
        "fan_out,1,1,2,100,1.0100000,1.0110000\n"
        "comment,1,1.0010000,1.0020000,1.0040000,1.0050000,1.0100000\n"
        "fan_out,2,3,2,200,2.0300000,2.0320000\n"
        "comment,2,2.0010000,2.0020000,2.0040000,2.0050000,2.0300000\n"
        "comment,3,2.0110000,2.0120000,2.0140000,2.0150000,2.0300000\n"
    )
    return read_measured(path)


@pytest.fixture
def receipts():
    # Two viewers; each gets comment 1 alone and comments 2 and 3 in one piece.
    return Receipts(np.array([1.012, 1.013, 2.033, 2.034]), np.array([1, 1, 2, 2]), np.array([1, 1, 2, 2]))


ACCEPTED = [(1, 1.0), (2, 2.0), (3, 2.01)]


def test_what_began_earlier_is_left_out(measured):
    later = measured.since(2.005)
    assert list(later.comments["seq"]) == [3]
    assert list(later.fan_outs["first"]) == [2]
    assert list(measured.since(0.0).comments["seq"]) == [1, 2, 3]


def test_each_stage_is_the_time_between_its_stamps(measured, receipts):
    latency = stage_latencies(measured, receipts, ACCEPTED, from_s=0.0)
    assert latency["api"] == pytest.approx([0.002, 0.002, 0.002])
    assert latency["log"] == pytest.approx([0.002, 0.002, 0.002])
    assert latency["broker"] == pytest.approx([0.001, 0.001, 0.001])
    assert latency["hub"] == pytest.approx([0.005, 0.025, 0.015])
    assert latency["socket"] == pytest.approx([0.002, 0.003, 0.003, 0.003, 0.004, 0.004])
    assert latency["end_to_end"] == pytest.approx([0.012, 0.013, 0.033, 0.023, 0.034, 0.024])


def test_comments_of_the_warm_up_are_not_timed(measured, receipts):
    latency = stage_latencies(measured, receipts, ACCEPTED, from_s=1.5)
    assert len(latency["api"]) == 2
    assert len(latency["end_to_end"]) == 4


def test_a_comment_that_somebody_else_posted_is_not_timed(measured, receipts):
    latency = stage_latencies(measured, receipts, ACCEPTED[:1], from_s=0.0)
    assert latency["end_to_end"] == pytest.approx([0.012, 0.013])


def test_a_server_that_measured_nothing_gives_no_samples(tmp_path):
    path = tmp_path / "empty.csv"
    path.write_text("")
    nothing = Receipts(np.array([]), np.array([], dtype=int), np.array([], dtype=int))
    assert all(len(samples) == 0 for samples in stage_latencies(read_measured(path), nothing, [], 0.0).values())
