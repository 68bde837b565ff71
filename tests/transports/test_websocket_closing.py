"""Text, closing and the handshake over a raw socket: the Autobahn suite's groups 6 and 7, and RFC 6455's section 4."""

import struct
from socket import SHUT_WR

import pytest

from tests.server.conftest import eventually
from tests.transports.raw_websocket import (
    ACCEPT,
    CLOSE,
    CONTINUATION,
    PING,
    TEXT,
    close_frame,
    control_of,
    frame,
    question,
)

# 6: UTF-8

VALID = ["κόσμε", "\x7f\u0080\u07ff\u0800\uffff", "\ud7ff\ue000\U00010000\U0010ffff", "é" * 60, "🎉"]
INVALID = [
    b"\xce\xba\xe1\xbd\xb9\xcf\x83\xce\xbc\xce\xb5\xed\xa0\x80edited",
    b"\x80", b"\xbf", b"\xc0\xaf", b"\xe0\x80\xaf", b"\xf0\x80\x80\xaf", b"\xc1\xbf", b"\xed\xa0\x80", b"\xed\xbf\xbf",
    b"\xf4\x90\x80\x80", b"\xf8\x88\x80\x80\x80", b"\xfe", b"\xff", b"\xc3", b"\xe2\x82", b"\xf0\x9f\x8e", b"\xc3(",
]  # fmt: skip


@pytest.mark.parametrize("text", VALID)
def test_valid_text_is_understood(socket, text):
    socket.send(frame(TEXT, question(text)))
    assert socket.answer()["ref"] == text


@pytest.mark.parametrize("text", VALID)
def test_a_character_may_be_split_over_fragments(socket, text):
    data = question(text)
    for at, byte in enumerate(data):
        socket.send(frame(CONTINUATION if at else TEXT, bytes([byte]), fin=at == len(data) - 1))
    assert socket.answer()["ref"] == text


@pytest.mark.parametrize("data", INVALID, ids=bytes.hex)
def test_invalid_text_is_refused(socket, data):
    socket.send(frame(TEXT, data))
    assert socket.closed_with() == 1007


@pytest.mark.parametrize("data", INVALID, ids=bytes.hex)
def test_invalid_text_in_fragments_is_refused(socket, data):
    socket.send(frame(TEXT, b"{" + data[:1], fin=False), frame(CONTINUATION, data[1:]))
    assert socket.closed_with() == 1007


# 7: closing


def test_a_close_without_a_code_is_answered(socket):
    socket.send(close_frame())
    assert [(each.opcode, each.data) for each in socket.control()] == [(CLOSE, b"")]


CODES = [1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 3000, 3999, 4000, 4999]


@pytest.mark.parametrize("code", CODES)
def test_a_close_with_a_code_is_answered_with_it(socket, code):
    socket.send(close_frame(code, b"going"))
    assert socket.closed_with() == code


def test_a_close_with_the_longest_reason_is_answered(socket):
    socket.send(close_frame(1000, b"x" * 123))
    assert socket.closed_with() == 1000


@pytest.mark.parametrize("code", [0, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65535])
def test_a_close_with_a_code_that_is_none_is_refused(socket, code):
    socket.send(close_frame(code))
    assert socket.closed_with() == 1002


def test_a_close_with_half_a_code_is_refused(socket):
    socket.send(frame(CLOSE, b"\x03"))
    assert socket.closed_with() == 1002


def test_a_close_that_is_too_long_is_refused(socket):
    socket.send(frame(CLOSE, struct.pack("!H", 1000) + b"x" * 124))
    assert socket.closed_with() == 1002


def test_a_close_whose_reason_is_no_text_is_refused(socket):
    socket.send(close_frame(1000, b"\xff\xfe"))
    assert socket.closed_with() == 1007


@pytest.mark.parametrize(
    "after",
    [frame(PING, b"late"), frame(TEXT, question("late")), close_frame(1001), frame(3)],
    ids=["ping", "text", "close", "reserved"],  # their masks are random, and workers must call a test the same
)
def test_what_comes_after_a_close_is_ignored(socket, after):
    socket.send(close_frame(1000), after)
    frames = list(socket.frames())
    assert [(each.opcode, each.close_code) for each in control_of(frames)] == [(CLOSE, 1000)]
    assert b"late" not in b"".join(each.data for each in frames)


def test_a_close_inside_a_fragmented_message_ends_the_connection(socket):
    socket.send(frame(TEXT, b"{", fin=False), close_frame(1000))
    assert socket.closed_with() in (1000, 1002)  # the library calls the message incomplete, which the RFC leaves open


def test_an_end_without_a_close_is_taken_for_one(raw_server, socket):
    eventually(lambda: raw_server.viewers() == 1, "it has joined, and all before it have gone")
    socket.socket.shutdown(SHUT_WR)
    eventually(lambda: raw_server.viewers() == 0, "it has been forgotten")


# The handshake


def test_a_handshake_is_answered_with_the_key_and_the_subprotocol(connect):
    opened = connect(Sec_WebSocket_Protocol="other, livecomments.v1")
    assert opened.status == 101
    assert opened.headers["sec-websocket-accept"] == ACCEPT
    assert opened.headers["sec-websocket-protocol"] == "livecomments.v1"
    assert "sec-websocket-extensions" not in opened.headers


def test_a_handshake_need_not_name_a_subprotocol(connect):
    opened = connect(Sec_WebSocket_Extensions="permessage-deflate; client_max_window_bits")
    assert opened.status == 101
    assert not {"sec-websocket-protocol", "sec-websocket-extensions"} & set(opened.headers)


@pytest.mark.parametrize("connection", ["keep-alive, Upgrade", "upgrade"])
def test_a_handshake_may_be_spelt_in_several_ways(connect, connection):
    assert connect(Connection=connection, Upgrade="WebSocket").status == 101


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({"Sec_WebSocket_Key": None}, 400),
        ({"Sec_WebSocket_Key": "short"}, 400),
        ({"Sec_WebSocket_Key": "not base64 at all!!!!!!!"}, 400),
        ({"Sec_WebSocket_Version": None}, 400),
        ({"Sec_WebSocket_Version": "8"}, 426),
        ({"Sec_WebSocket_Version": "x"}, 426),
        ({"Upgrade": None}, 426),
        ({"Upgrade": "h2c"}, 426),
        ({"Connection": "keep-alive"}, 426),
        ({"method": "POST", "Content_Length": "0"}, 405),
        ({"Origin": "https://elsewhere.example"}, 403),
    ],
)
def test_a_handshake_that_is_none_is_refused(connect, fields, status):
    opened = connect(**fields)
    assert opened.status == status
    assert opened.body()["status"] == status


def test_a_handshake_of_another_version_is_told_the_right_one(connect):
    opened = connect(Sec_WebSocket_Version="8")
    assert (opened.status, opened.headers.get("sec-websocket-version")) == (426, "13")
