"""Server-sent events: what is written is read back, in whatever pieces the network brings it."""

import json
from itertools import pairwise

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from reference_impl.protocol.cursor import Cursor
from reference_impl.protocol.events import Event, EventKind, encode_json
from reference_impl.protocol.message import Message, gap, notice, of_event
from reference_impl.protocol.sse import (
    LAST_CHUNK,
    ReceivedEvent,
    SseParser,
    chunk,
    retry_text,
    sse_text,
)

Written = tuple[str, ReceivedEvent | None]  # the text, and what a client makes of it

numbers = st.integers(0, 10**15 - 1)
events = st.builds(
    Event,
    stream=st.just("match"),
    epoch=numbers,
    seq=numbers,
    kind=st.sampled_from(EventKind),
    id=st.uuids().map(str),
    at_ms=st.integers(0, 4 * 10**12),
    data=st.fixed_dictionaries({"author": st.text(min_size=1), "text": st.text(min_size=1)}),
)
line_text = st.text(st.characters(exclude_characters="\r\n", exclude_categories=["Cs"]), max_size=12)
comment_lines = line_text.map(lambda text: f":{text}")
unknown_fields = line_text.map(lambda text: f"unknown: {text}")
cuts = st.lists(st.integers(0, 4000), max_size=12)


def written_event(event: Event) -> Written:
    return sse_text(of_event(event)), ReceivedEvent(event.kind, str(event.cursor), encode_json(event.as_dict()))


def written_gap(epoch: int, first: int, last: int) -> Written:
    data = f'{{"from":{first},"to":{last},"count":{last - first + 1},"reason":"slow"}}'
    return sse_text(gap(epoch, first, last, "slow")), ReceivedEvent("gap", f"{epoch}:{last}", data)


ours = st.one_of(
    events.map(written_event),
    st.builds(written_gap, numbers, numbers, numbers),
    st.just((sse_text(notice("heartbeat", {})), ReceivedEvent("heartbeat", "", "{}"))),
    st.integers(0, 10**6).map(lambda retry_ms: (retry_text(retry_ms), None)),
)


@st.composite
def anybody_s(draw: st.DrawFn) -> Written:
    """An event as the standard lets others write it: any order, odd lines, optional spaces, data in several lines."""
    data = draw(st.lists(line_text, max_size=3))
    name = draw(st.none() | line_text.filter(bool))
    position = draw(st.none() | line_text.filter(lambda text: "\0" not in text))
    others = [("event", name), ("id", position)]
    lines = [_field(draw, key, value) for key, value in [*draw(st.permutations(others)), *[("data", d) for d in data]]]
    lines.insert(draw(st.integers(0, len(lines))), draw(comment_lines | unknown_fields | st.just("retry: 9")))
    end = draw(st.sampled_from(["\n", "\r\n"]))
    text = "".join(line + end for line in [*filter(None, lines), ""])
    return text, ReceivedEvent(name or "message", position or "", "\n".join(data)) if data else None


def _field(draw: st.DrawFn, key: str, value: str | None) -> str:
    if value is None:
        return ""
    if value == "" and draw(st.booleans()):
        return key  # a field without a colon is a field with an empty value
    space = " " if value.startswith(" ") or draw(st.booleans()) else ""
    return f"{key}:{space}{value}"


def feed_in_pieces(data: bytes, at: list[int]) -> list[ReceivedEvent]:
    parser = SseParser()
    edges = sorted({0, len(data), *(cut % (len(data) + 1) for cut in at)})
    pieces = [data[start:end] for start, end in pairwise(edges)]
    return [event for piece in pieces for event in parser.feed(piece)]


def feed(text: str) -> list[ReceivedEvent]:
    return list(SseParser().feed(text.encode()))


@given(st.lists(ours | anybody_s(), max_size=6), cuts)
def test_events_are_read_back_as_written_in_whatever_pieces_they_come(written: list[Written], at: list[int]) -> None:
    data = "".join(text for text, _ in written).encode()
    expected = [event for _, event in written if event is not None]
    assert feed_in_pieces(data, at) == feed_in_pieces(data, list(range(len(data)))) == expected


@given(events)
def test_an_event_s_data_is_the_object_that_the_api_answers_with(written: Event) -> None:
    (event,) = feed(sse_text(of_event(written)))
    assert json.loads(event.data) == written.as_dict()
    assert Cursor.parse(event.id) == written.cursor


@given(st.binary(max_size=60), cuts)
def test_no_bytes_at_all_break_the_parser_and_pieces_make_no_difference(data: bytes, at: list[int]) -> None:
    assert feed_in_pieces(data, at) == list(SseParser().feed(data))


def test_an_event_is_name_position_and_data_in_that_order() -> None:
    assert sse_text(Message("pin", "{}", "1:2", 2)) == "event: pin\nid: 1:2\ndata: {}\n\n"


def test_a_gap_carries_its_end_as_the_position_to_resume_behind() -> None:
    data = '{"from":3,"to":9,"count":7,"reason":"slow"}'
    assert sse_text(gap(7, 3, 9, "slow")) == f"event: gap\nid: 7:9\ndata: {data}\n\n"


def test_a_heartbeat_has_no_position() -> None:
    assert sse_text(notice("heartbeat", {})) == "event: heartbeat\ndata: {}\n\n"


def test_a_position_belongs_to_its_event_only() -> None:
    assert [event.id for event in feed("id: 1:2\ndata: a\n\ndata: b\n\n")] == ["1:2", ""]


def test_an_event_is_not_read_before_its_empty_line() -> None:
    parser = SseParser()
    assert list(parser.feed(b"data: half")) == list(parser.feed(b" a line\n")) == []
    assert list(parser.feed(b"\n")) == [ReceivedEvent("message", "", "half a line")]


@given(st.text(min_size=1), st.text(min_size=1))
@example("a" * 9, "b" * 17)  # the size is hexadecimal
def test_chunks_hold_their_text_by_size_and_one_after_another(first: str, second: str) -> None:
    rest, found = chunk(first) + chunk(second) + LAST_CHUNK, []
    while rest != LAST_CHUNK:
        size, _, rest = rest.partition(b"\r\n")
        body, ending, rest = rest[: int(size, 16)], rest[int(size, 16) :][:2], rest[int(size, 16) + 2 :]
        assert ending == b"\r\n"
        found.append(body.decode())
    assert found == [first, second]


def test_a_line_that_never_ends_is_refused_with_its_bound() -> None:
    parser = SseParser(line_max=100)
    assert list(parser.feed(b"data: " + b"x" * 94)) == []
    with pytest.raises(ValueError, match="an SSE line has over 100 bytes"):
        list(parser.feed(b"x"))


def test_a_line_over_the_bound_is_refused_when_it_comes_in_one_piece_too() -> None:
    with pytest.raises(ValueError, match="an SSE line has over 100 bytes"):
        list(SseParser(line_max=100).feed(b"data: " + b"x" * 95 + b"\n\n"))


def test_the_bound_is_for_a_line_and_not_for_a_piece() -> None:
    events = list(SseParser(line_max=10).feed(b"data: abcd\n\n" * 50))
    assert events == [ReceivedEvent("message", "", "abcd")] * 50
