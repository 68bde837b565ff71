import math

import pytest

from simulation.course import measured
from simulation.course.capacity import Demand, Edge, joins_per_s

HALL = Demand(viewers=10_000_000, comments_per_s=50_000, comment_bytes=150)
SAMPLED = Demand(viewers=10_000_000, comments_per_s=50_000, comment_bytes=150, shown_per_s=5)


def edge(**other: float) -> Edge:
    return Edge(**{
        "write_s": 5e-6, "comment_s": 1e-6, "connections": 50_000, "viewer_bytes": 2_000, "network_bit_per_s": 1e10,
        **other,
    })  # fmt: skip


def test_everything_to_everybody_is_the_budget_that_nobody_makes():
    assert HALL.egress_bit_per_s == 600e12
    assert HALL.deliveries_per_s == 5e11
    assert HALL.chance_shown == 1


def test_a_window_saves_writes_and_not_a_byte():
    batched = Demand(viewers=10_000_000, comments_per_s=50_000, comment_bytes=150, window_s=0.2)
    assert batched.egress_bit_per_s == HALL.egress_bit_per_s
    assert batched.writes_per_s == pytest.approx(HALL.writes_per_s / 10_000)


def test_a_window_that_holds_less_than_a_comment_is_a_write_for_each():
    slow = Demand(viewers=10, comments_per_s=1, comment_bytes=150, window_s=0.02)
    assert slow.writes_per_s == slow.deliveries_per_s


def test_a_budget_bounds_what_a_viewer_gets_and_makes_writers_wait():
    assert SAMPLED.viewer_bit_per_s == 5 * 150 * 8
    assert SAMPLED.chance_shown == pytest.approx(1e-4)
    assert SAMPLED.wait_s(10) == pytest.approx(100_000)


def test_in_a_room_of_the_largest_size_nothing_is_left_out():
    assert SAMPLED.room_viewers_max == pytest.approx(1_000)
    rooms = Demand(viewers=10_000_000, comments_per_s=50_000, comment_bytes=150, shown_per_s=5, room_viewers=1_000)
    assert rooms.rooms == 10_000
    assert rooms.chance_shown == pytest.approx(1)
    assert rooms.egress_bit_per_s == pytest.approx(SAMPLED.egress_bit_per_s)


def test_a_room_is_no_larger_than_its_crowd():
    small = Demand(viewers=100, comments_per_s=1, comment_bytes=150, room_viewers=1_000)
    assert (small.rooms, small.received_per_s) == (1, 1)


def test_edges_are_counted_by_what_is_scarce_first():
    idle = Demand(viewers=100_001, comments_per_s=1, comment_bytes=150)
    assert edge().edges(idle).by_connections == edge().edges(idle).needed == 3
    assert edge().edges(SAMPLED).by_cpu == math.ceil(5e7 / (0.8 / 6e-6))
    assert edge(network_bit_per_s=1e6).edges(SAMPLED).needed == 60_000


def test_a_core_makes_more_deliveries_when_they_share_a_write():
    assert edge().deliveries_per_s(10) > 3 * edge().deliveries_per_s()


def test_an_edge_that_dies_sends_its_viewers_over_the_time_they_spread_over():
    assert joins_per_s(50_000, 30) == pytest.approx(1_667, abs=1)
    with pytest.raises(ValueError, match="spread_s"):
        joins_per_s(50_000, 0)


def test_what_makes_no_sense_is_refused_by_name():
    with pytest.raises(ValueError, match="viewers must be above 0"):
        Demand(viewers=0, comments_per_s=1, comment_bytes=1)
    with pytest.raises(ValueError, match="busy_max"):
        edge(busy_max=1.2)


def test_what_is_on_the_wire_is_many_times_what_was_typed():
    typed, sse = measured.comment_bytes("text"), measured.comment_bytes("sse")
    assert typed < 20 < 10 * typed < sse
    assert measured.comment_bytes("websocket") == pytest.approx(sse, rel=0.05)


def test_an_edge_as_measured_holds_what_the_server_lets_in():
    assert measured.edge().connections == 50_000
    assert 1_000 < measured.edge().viewer_bytes < 4_000
