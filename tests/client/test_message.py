"""Messages as they are read, and where a follower is after each."""

import pytest

from reference_impl.client.failures import Lost
from reference_impl.client.message import AHEAD_MAX, Message, Position, before, read_lines
from reference_impl.protocol.cursor import Cursor


def comment(seq: int, epoch: int = 7) -> Message:
    return Message("comment", {"text": f"{seq}"}, Cursor(epoch, seq))


def gap(first: int, last: int, reason: str, epoch: int = 7) -> Message:
    data = {"from": first, "to": last, "count": last - first + 1, "reason": reason}
    return Message("gap", data, Cursor(epoch, last))


def shown(seq: int, epoch: int = 7) -> Message:
    """A comment that a crowded stream shows: the `shed` of its window has the position."""
    return Message("comment", {"seq": seq, "cursor": f"{epoch}:{seq}"})


def shed(first: int, last: int, epoch: int = 7) -> Message:
    data = {"from": first, "to": last, "shown": 1, "dropped": last - first, "window_ms": 1000, "reason": "budget"}
    return Message("shed", data, Cursor(epoch, last))


def test_lines_of_a_frame_are_messages() -> None:
    text = '{"event":"comment","id":"7:1","data":{"text":"a"}}\n{"event":"heartbeat","data":{}}'
    assert read_lines(text) == [Message("comment", {"text": "a"}, Cursor(7, 1)), Message("heartbeat", {})]
    assert [message.id for message in read_lines(text)] == ["7:1", ""]


NONE = [
    "", "x", "1", "[]", '{"event":"x"}', '{"event":"x","data":1}', '{"event":"x","id":"x","data":{}}',
    '{"event":"x","id":5,"data":{}}', '{"event":"x","id":"1:1","data":{}}\n',
    '{"event":"x","data":{"seq":1,"cursor":null}}',
]  # fmt: skip


@pytest.mark.parametrize("text", NONE)
def test_what_is_no_message_is_an_error(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        read_lines(text)


def test_what_was_seen_does_not_pass_again() -> None:
    position = Position(Cursor(7, 2))
    told = [comment(1), comment(2), comment(3), comment(3), comment(5), comment(4), comment(6)]
    assert [message.cursor.seq for message in told if position.passes(message)] == [3, 5, 6]
    assert position.cursor == Cursor(7, 6)


def test_what_has_no_place_always_passes_and_leaves_the_position() -> None:
    position = Position(Cursor(7, 2))
    assert all(position.passes(Message("reactions", {})) for _ in range(2))
    assert position.cursor == Cursor(7, 2)


def test_a_log_begun_anew_passes_and_one_that_is_gone_does_not() -> None:
    position = Position(Cursor(7, 500))
    assert position.passes(gap(1, 3, "epoch", epoch=8))
    assert not position.passes(comment(501, epoch=7))
    assert position.passes(comment(4, epoch=8))


def test_a_position_past_the_end_is_brought_back_by_the_gap_that_says_so() -> None:
    position = Position(Cursor(7, 500))
    assert position.passes(gap(1, 3, "epoch"))
    assert position.passes(comment(4))


def test_a_gap_over_what_was_seen_does_not_pass() -> None:
    position = Position(Cursor(7, 10))
    assert not position.passes(gap(4, 9, "slow"))
    assert position.passes(gap(11, 12, "slow"))


def test_what_a_gap_leaves_out_comes_after_the_place_before_it() -> None:
    assert before(gap(4, 9, "slow")) == Cursor(7, 3)


def test_a_position_moves_by_whole_windows() -> None:
    position = Position(Cursor(7, 2))
    for message in shown(3), shown(5):
        assert position.passes(message)
        assert position.cursor == Cursor(7, 2)
    assert position.passes(shed(3, 5))
    assert position.cursor == Cursor(7, 5)


def test_a_window_that_is_told_again_brings_only_what_is_new() -> None:
    position = Position(Cursor(7, 2))
    told = [shown(3), shown(5), shown(3), shown(4), shown(5), shed(3, 6), shown(4), shed(3, 6), comment(7)]
    assert [message.event for message in told if position.passes(message)] == [*["comment"] * 3, "shed", "comment"]


def test_what_was_shown_of_a_window_is_not_repeated_when_the_stream_has_calmed_down() -> None:
    position = Position(Cursor(7, 2))
    told = [shown(4), comment(3), comment(4), comment(5)]
    assert [str(message.place) for message in told if position.passes(message)] == ["7:4", "7:3", "7:5"]
    assert position.cursor == Cursor(7, 5)


def test_a_shed_passes_though_its_last_event_was_shown() -> None:
    position = Position(Cursor(7, 2))
    assert [position.passes(message) for message in (shown(4), shed(3, 4))] == [True, True]


def test_in_a_log_begun_anew_nothing_has_been_shown() -> None:
    position = Position(Cursor(7, 2))
    told = [shown(5), gap(1, 1, "epoch"), comment(5)]
    assert [position.passes(message) for message in told] == [True, True, True]


def test_so_many_places_beyond_a_position_are_remembered() -> None:
    position = Position(Cursor(7, 0))
    for seq in range(1, AHEAD_MAX + 2):
        position.passes(shown(seq))
    assert [position.passes(shown(seq)) for seq in (1, AHEAD_MAX + 1)] == [True, False]


def test_a_place_that_nobody_used_moves_the_position() -> None:
    position = Position(Cursor(7, 2))
    assert position.passes(Message("void", {"seq": 3, "cursor": "7:3"}, Cursor(7, 3)))
    assert position.cursor == Cursor(7, 3)


@pytest.mark.parametrize("data", [{}, {"from": -1}, {"from": "4"}, {"from": None}])
def test_a_gap_that_does_not_say_from_where_counts_as_a_loss(data: dict[str, object]) -> None:
    with pytest.raises(Lost, match="from"):
        before(Message("gap", data, Cursor(7, 9)))
