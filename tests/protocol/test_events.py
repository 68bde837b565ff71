"""Events of the log and their JSON: what a page renders is what the author wrote."""

import json
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reference_impl.protocol.cursor import Cursor
from reference_impl.protocol.events import Comment, Draft, encode_json

END_OF_2100_MS = 4_133_980_799_999

numbers = st.integers(0, 10**15 - 1)
times_ms = st.integers(0, END_OF_2100_MS)
drafts = st.builds(
    Draft,
    stream=st.text(min_size=1),
    id=st.uuids().map(str),
    author=st.text(min_size=1),
    text=st.text(min_size=1),
    created_at_ms=times_ms,
    idempotency_key=st.none() | st.text(min_size=1),
)
cursors = st.builds(Cursor, numbers, numbers)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda children: st.lists(children, max_size=4) | st.dictionaries(st.text(), children, max_size=4),
    max_leaves=12,
)


@given(drafts, cursors)
def test_a_comment_is_its_draft_at_a_place_in_the_log(draft: Draft, cursor: Cursor) -> None:
    comment = Comment.of(draft, cursor)
    assert comment.cursor == cursor
    kept = ("stream", "id", "author", "text", "created_at_ms")
    assert [getattr(comment, name) for name in kept] == [getattr(draft, name) for name in kept]


@given(drafts, cursors)
def test_the_json_form_holds_everything_a_page_renders(draft: Draft, cursor: Cursor) -> None:
    page = json.loads(encode_json(Comment.of(draft, cursor).as_dict()))
    created_at = datetime.fromisoformat(page.pop("created_at"))
    assert page == {
        "id": draft.id,
        "seq": cursor.seq,
        "cursor": str(cursor),
        "author": {"name": draft.author},
        "text": draft.text,
    }
    assert created_at.utcoffset() == timedelta(0)


@given(times_ms)
def test_the_time_keeps_its_milliseconds(created_at_ms: int) -> None:
    draft = Draft(stream="s", id="1", author="ann", text="hi", created_at_ms=created_at_ms)
    created_at = datetime.fromisoformat(Comment.of(draft, Cursor(1, 1)).as_dict()["created_at"])
    whole_s, ms = divmod(created_at_ms, 1000)
    assert (created_at.replace(microsecond=0).timestamp(), created_at.microsecond) == (whole_s, ms * 1000)


def test_the_time_is_written_in_utc_with_three_decimals() -> None:
    draft = Draft(stream="s", id="1", author="ann", text="hi", created_at_ms=1_700_000_000_120)
    assert Comment.of(draft, Cursor(1, 1)).as_dict()["created_at"] == "2023-11-14T22:13:20.120+00:00"


@given(json_values)
def test_json_comes_back_as_it_went_and_stays_on_one_line(value: Any) -> None:
    encoded = encode_json(value)
    assert json.loads(encoded) == value
    assert not set(encoded) & {"\n", "\r"}


def test_json_is_compact_and_keeps_its_characters() -> None:
    assert encode_json({"text": "héllo 👋", "seq": [1, 2]}) == '{"text":"héllo 👋","seq":[1,2]}'


def test_an_event_cannot_be_changed_after_the_fact() -> None:
    comment = Comment.of(Draft(stream="s", id="1", author="ann", text="hi", created_at_ms=0), Cursor(1, 1))
    with pytest.raises(AttributeError):
        comment.text = "bye"  # type: ignore[misc]
