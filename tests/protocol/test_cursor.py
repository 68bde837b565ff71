"""The cursor: one position, the same on the wire and in the code, in the order of the log."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reference_impl.protocol.cursor import Cursor

numbers = st.integers(0, 10**15 - 1)
cursors = st.builds(Cursor, numbers, numbers)


@given(cursors)
def test_a_cursor_comes_back_from_the_wire_as_it_went(cursor: Cursor) -> None:
    assert Cursor.parse(str(cursor)) == cursor


def test_a_cursor_is_epoch_and_seq_with_a_colon() -> None:
    assert str(Cursor(1_700_000_000, 42)) == "1700000000:42"


@given(cursors, cursors)
def test_positions_order_by_epoch_and_then_by_seq(one: Cursor, other: Cursor) -> None:
    assert (one < other) == (one.epoch < other.epoch or (one.epoch == other.epoch and one.seq < other.seq))


@pytest.mark.parametrize(
    "text",
    [
        "",
        ":",
        "1",
        "1:",
        ":1",
        "1:2:3",
        "-1:2",
        "+1:2",
        "1:-2",
        "1.0:2",
        "1_0:2",
        " 1:2",
        "1:2 ",
        "1:2\n",
        "0x1:2",
        "\u0661:\u0662",
        "\u00b2:1",
        "1" * 16 + ":1",
        "1:" + "1" * 16,
    ],
)
def test_anything_else_is_refused_and_shown(text: str) -> None:
    with pytest.raises(ValueError, match="a cursor looks like '1700000000:42', got ") as refusal:
        Cursor.parse(text)
    assert repr(text[:40]) in str(refusal.value)


@given(st.text(st.sampled_from("0123456789::- \u00b2\u0661"), max_size=8))
def test_two_plain_numbers_parse_and_nothing_else_does(text: str) -> None:
    parts = text.split(":")
    if len(parts) == 2 and all(part.isascii() and part.isdigit() for part in parts):
        assert list(Cursor.parse(text)) == [int(part) for part in parts]
    else:
        with pytest.raises(ValueError, match="a cursor looks like"):
            Cursor.parse(text)


def test_a_refusal_shows_no_more_than_the_beginning_of_a_long_text() -> None:
    with pytest.raises(ValueError, match=r"got '9{40}'$"):
        Cursor.parse("9" * 10_000)
