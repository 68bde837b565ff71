"""Framing over a raw socket, case by case in the order of the Autobahn test suite's groups 1 to 5 (RFC 6455).

The server does not echo: what is well formed gets an answer of the application, with the reference it was sent under.
"""

import struct

import pytest

from tests.transports.raw_websocket import BINARY, CLOSE, CONTINUATION, PING, PONG, TEXT, frame, question

# 1: frames of all sizes


@pytest.mark.parametrize("size", [0, 125, 126, 127, 128, 1000, 16 * 1024])
def test_a_text_of_any_size_that_is_allowed_is_answered(socket, size):
    text = question("sized", size)
    assert len(text) == max(size, len(question("sized")))
    socket.send(frame(TEXT, text))
    assert socket.answer()["ref"] == "sized"


def test_an_empty_text_is_no_message_but_well_formed(socket):
    socket.send(frame(TEXT, b""))
    assert socket.answer()["status"] == 400


@pytest.mark.parametrize("size", [16 * 1024 + 1, 65535, 65536])
def test_a_text_that_is_too_big_is_refused(socket, size):
    socket.send(frame(TEXT, question("big", size)))
    assert socket.closed_with() == 1009


def test_fragments_that_are_too_big_together_are_refused(socket):
    socket.send(frame(TEXT, b"x" * 10_000, fin=False), frame(CONTINUATION, b"x" * 10_000))
    assert socket.closed_with() == 1009


def test_a_size_that_is_only_announced_is_refused_before_it_comes(socket):
    socket.send(struct.pack("!BBQ", 0x81, 0x80 | 127, 2**62) + b"mask")
    assert socket.closed_with() == 1009


def test_a_text_that_comes_byte_by_byte_is_answered(socket):
    for byte in frame(TEXT, question("slow")):
        socket.send(bytes([byte]))
    assert socket.answer()["ref"] == "slow"


def test_texts_that_come_at_once_are_answered_each(socket):
    socket.send(*(frame(TEXT, question(f"{number}")) for number in range(5)))
    assert sorted(socket.answer()["ref"] for _ in range(5)) == ["0", "1", "2", "3", "4"]


@pytest.mark.parametrize("size", [0, 125, 126, 1000])
def test_binary_is_refused(socket, size):
    socket.send(frame(BINARY, b"x" * size))
    assert socket.closed_with() == 1003


# 2: pings and pongs


@pytest.mark.parametrize("data", [b"", b"Hello", bytes(range(125)), b"\xff" * 125], ids=len)
def test_a_ping_is_echoed(socket, data):
    socket.send(frame(PING, data))
    pong = socket.next_control()
    assert (pong.opcode, pong.data) == (PONG, data)


@pytest.mark.parametrize("opcode", [PING, PONG])
def test_a_control_frame_that_is_too_long_is_refused(socket, opcode):
    socket.send(frame(opcode, b"x" * 126))
    assert socket.closed_with() == 1002


@pytest.mark.parametrize("data", [b"", b"nobody asked"])
def test_a_pong_that_nobody_asked_for_is_passed_over(socket, data):
    socket.send(frame(PONG, data))
    socket.say("still there")
    assert socket.answer()["ref"] == "still there"


def test_pings_are_echoed_in_order(socket):
    sent = [f"{number}".encode() for number in range(10)]
    socket.send(*(frame(PING, data) for data in sent))
    assert [socket.next_control().data for _ in sent] == sent


def test_a_ping_between_fragments_is_echoed_at_once(socket):
    text = question("in parts")
    socket.send(frame(TEXT, text[:5], fin=False), frame(PING, b"between"))
    assert socket.next_control().data == b"between"
    socket.send(frame(CONTINUATION, text[5:]))
    assert socket.answer()["ref"] == "in parts"


# 3 and 4: reserved bits and opcodes; masks


@pytest.mark.parametrize("reserved", range(1, 8))
@pytest.mark.parametrize("opcode", [TEXT, PING, CLOSE])
def test_reserved_bits_are_refused(socket, reserved, opcode):
    socket.send(frame(opcode, b"" if opcode == CLOSE else b"{}", reserved=reserved))
    assert socket.closed_with() == 1002


@pytest.mark.parametrize("opcode", [3, 4, 5, 6, 7, 11, 12, 13, 14, 15])
@pytest.mark.parametrize("data", [b"", b"x"])
def test_reserved_opcodes_are_refused(socket, opcode, data):
    socket.send(frame(opcode, data))
    assert socket.closed_with() == 1002


@pytest.mark.parametrize("opcode", [TEXT, PING, CLOSE])
def test_a_frame_without_a_mask_is_refused(socket, opcode):
    socket.send(frame(opcode, b"" if opcode == CLOSE else b"{}", masked=False))
    assert socket.closed_with() == 1002


def test_what_came_before_a_violation_is_answered(socket):
    socket.say("before")
    assert socket.answer()["ref"] == "before"
    socket.send(frame(PING, b"x"), frame(3))
    assert [each.opcode for each in socket.control()] == [PONG, CLOSE]


# 5: fragments


@pytest.mark.parametrize("parts", [2, 3, 10])
def test_a_text_in_fragments_is_put_together(socket, parts):
    text = question("in parts", 200)
    step = len(text) // parts + 1
    pieces = [text[at : at + step] for at in range(0, len(text), step)]
    for number, piece in enumerate(pieces):
        socket.send(frame(CONTINUATION if number else TEXT, piece, fin=number == len(pieces) - 1))
    assert socket.answer()["ref"] == "in parts"


def test_empty_fragments_do_no_harm(socket):
    text = question("empty parts")
    socket.send(frame(TEXT, b"", fin=False), frame(CONTINUATION, text, fin=False), frame(CONTINUATION, b""))
    assert socket.answer()["ref"] == "empty parts"


@pytest.mark.parametrize("fin", [True, False])
def test_a_continuation_of_nothing_is_refused(socket, fin):
    socket.send(frame(CONTINUATION, b"{}", fin=fin))
    assert socket.closed_with() == 1002


@pytest.mark.parametrize("fin", [True, False])
def test_a_continuation_after_the_last_fragment_is_refused(socket, fin):
    text = question("over")
    socket.send(frame(TEXT, text[:9], fin=False), frame(CONTINUATION, text[9:]), frame(CONTINUATION, b"x", fin=fin))
    assert socket.closed_with() == 1002


@pytest.mark.parametrize("opcode", [TEXT, BINARY])
def test_a_new_message_inside_a_fragmented_one_is_refused(socket, opcode):
    socket.send(frame(TEXT, b'{"type":', fin=False), frame(opcode, b"{}"))
    assert socket.closed_with() == 1002


@pytest.mark.parametrize("opcode", [PING, PONG, CLOSE])
def test_a_control_frame_in_fragments_is_refused(socket, opcode):
    socket.send(frame(opcode, b"", fin=False))
    assert socket.closed_with() == 1002


def test_fragments_of_one_message_do_not_reach_into_the_next(socket):
    for ref in ("first", "second"):
        text = question(ref)
        socket.send(frame(TEXT, text[:7], fin=False), frame(CONTINUATION, text[7:]))
        assert socket.answer()["ref"] == ref
