"""Events of the log and their JSON: what a page renders is what the author wrote."""

import json
from datetime import datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reference_impl.protocol.cursor import Cursor
from reference_impl.protocol.events import (
    REDACTED,
    Draft,
    Event,
    EventKind,
    author_data,
    comment_data,
    encode_json,
    iso,
)

END_OF_2100_MS = 4_133_980_799_999

numbers = st.integers(0, 10**15 - 1)
times_ms = st.integers(0, END_OF_2100_MS)
texts = st.text(min_size=1)
comments = st.builds(comment_data, st.builds(author_data, texts, texts, st.none() | texts), texts, st.lists(texts))
drafts = st.builds(
    Draft,
    stream=texts,
    id=st.uuids().map(str),
    author=texts,
    created_at_ms=times_ms,
    data=comments,
    target=st.none() | st.uuids().map(str),
)
cursors = st.builds(Cursor, numbers, numbers)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda children: st.lists(children, max_size=4) | st.dictionaries(st.text(), children, max_size=4),
    max_leaves=12,
)


@given(drafts, cursors, times_ms)
def test_an_event_is_its_draft_at_a_place_in_the_log(draft: Draft, cursor: Cursor, at_ms: int) -> None:
    event = Event.of(draft, cursor, at_ms)
    assert (event.cursor, event.at_ms) == (cursor, at_ms)
    kept = ("stream", "kind", "id", "data", "target")
    assert [getattr(event, name) for name in kept] == [getattr(draft, name) for name in kept]


@given(drafts, cursors, times_ms)
def test_the_json_form_holds_everything_a_page_renders(draft: Draft, cursor: Cursor, at_ms: int) -> None:
    page = json.loads(encode_json(Event.of(draft, cursor, at_ms).as_dict()))
    about = {"id": draft.id, "seq": cursor.seq, "cursor": str(cursor), "parent_id": draft.target}
    usual = {"mentions": [], "reply_count": 0, "reactions": {}}
    assert page == {**about, "created_at": iso(at_ms), **usual, **draft.data}


@pytest.mark.parametrize("kind", [kind for kind in EventKind if kind is not EventKind.COMMENT])
def test_any_other_event_names_the_comment_it_is_about(kind: EventKind) -> None:
    draft = Draft(stream="s", id="1", author="ann", created_at_ms=0, kind=kind, target="2")
    shown = Event.of(draft, Cursor(1, 1), 0).as_dict()
    assert shown["comment_id"] == "2"
    assert "parent_id" not in shown


def test_nothing_that_was_written_is_left_of_a_deleted_comment() -> None:
    comment = comment_data(author_data("ann", "Ann", "https://example.org/a.png", ("vip",)), "secret", ["bo"])
    assert REDACTED["deleted"]
    assert "mentions" not in REDACTED
    assert not any(REDACTED[name] == comment[name] for name in ("author", "text"))


@given(times_ms)
def test_the_time_keeps_its_milliseconds(at_ms: int) -> None:
    created_at = datetime.fromisoformat(iso(at_ms))
    whole_s, ms = divmod(at_ms, 1000)
    assert (created_at.replace(microsecond=0).timestamp(), created_at.microsecond) == (whole_s, ms * 1000)


def test_the_time_is_written_in_utc_with_three_decimals() -> None:
    assert iso(1_700_000_000_120) == "2023-11-14T22:13:20.120+00:00"


@given(json_values)
def test_json_comes_back_as_it_went_and_stays_on_one_line(value: Any) -> None:
    encoded = encode_json(value)
    assert json.loads(encoded) == value
    assert not set(encoded) & {"\n", "\r"}


def test_json_is_compact_and_keeps_its_characters() -> None:
    assert encode_json({"text": "héllo 👋", "seq": [1, 2]}) == '{"text":"héllo 👋","seq":[1,2]}'


def test_an_event_cannot_be_changed_after_the_fact() -> None:
    event = Event.of(Draft(stream="s", id="1", author="ann", created_at_ms=0), Cursor(1, 1), 0)
    with pytest.raises(AttributeError):
        event.seq = 2  # type: ignore[misc]
