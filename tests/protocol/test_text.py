"""What a comment may hold: normal form, nothing that controls, and limits that name what was seen and allowed."""

import unicodedata

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from reference_impl.protocol.text import NAME_MAX, TEXT_MAX, clean_text

BIDI_CLASSES = {"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"}
BIDI_MARKS = {"LEFT-TO-RIGHT MARK", "RIGHT-TO-LEFT MARK", "ARABIC LETTER MARK"}

# Any code point at all, surrogates too, with more than their share of troublesome ones.
awkward = st.sampled_from(
    "\x00\t\n\r\x0b\x1f\x7f\x85\u00a0\u061c\u2000\u2028\u202e\u2069\u0301\u0323\u1100\u1161\ud800Åfi"
)
texts = st.text(awkward | st.characters(), max_size=60)


def clean_or_none(raw: str) -> str | None:
    try:
        return clean_text(raw)
    except ValueError:
        return None


def controls(character: str) -> bool:
    return (
        unicodedata.category(character) in {"Cc", "Cs"}
        or unicodedata.bidirectional(character) in BIDI_CLASSES
        or unicodedata.name(character, "") in BIDI_MARKS
    )


@given(texts)
def test_cleaning_a_clean_text_changes_nothing(raw: str) -> None:
    clean = clean_or_none(raw)
    assume(clean is not None)
    assert clean is not None
    assert clean_text(clean) == clean


@given(texts)
def test_a_clean_text_is_normal_holds_no_controls_and_has_single_spaces(raw: str) -> None:
    clean = clean_or_none(raw) or ""
    assert unicodedata.is_normalized("NFC", clean)
    assert not [character for character in clean if controls(character)]
    assert clean == " ".join(clean.split())


@given(texts)
def test_a_clean_text_can_be_encoded(raw: str) -> None:
    clean = clean_or_none(raw) or ""
    assert clean.encode().decode() == clean


@given(texts)
def test_only_spaces_and_controls_are_taken_away(raw: str) -> None:
    kept = "".join(character for character in raw if not controls(character) and not character.isspace())
    clean = clean_or_none(raw)
    assert (clean is None) == (kept == "")
    assert unicodedata.normalize("NFC", kept) == unicodedata.normalize("NFC", (clean or "").replace(" ", ""))


@pytest.mark.parametrize("codepoint", [*range(32), *range(0x7F, 0xA0), 0x61C, 0x200E, 0x200F, 0x202E, 0x2066, 0xD800])
def test_a_control_character_goes_or_becomes_a_space(codepoint: int) -> None:
    assert clean_text(f"a{chr(codepoint)}b") == ("a b" if chr(codepoint) in "\t\n" else "ab")


def test_a_bidirectional_override_cannot_rearrange_a_comment() -> None:
    assert clean_text("pay \u202ella\u202c \u2066now\u2069") == "pay lla now"


def test_a_split_letter_is_composed_even_across_a_control_character() -> None:
    assert clean_text("e\u0301 e\u200e\u0301") == "é é"


def test_runs_of_spaces_and_lines_become_one_space_and_the_ends_are_bare() -> None:
    assert clean_text(" \t one\r\n\u2028 two\u00a0 ") == "one two"


@pytest.mark.parametrize("raw", ["", "   ", "\n\t", "\u202e", "\x00", "\u2003", "\ud800"])
def test_an_empty_text_is_refused(raw: str) -> None:
    with pytest.raises(ValueError, match="the text is empty once spaces and control characters are taken away"):
        clean_text(raw)


@pytest.mark.parametrize(("longest", "given_max"), [(TEXT_MAX, None), (NAME_MAX, NAME_MAX)])
def test_the_limit_is_allowed_and_one_more_is_refused_with_both_figures(longest: int, given_max: int | None) -> None:
    limit = () if given_max is None else (given_max,)
    assert clean_text("x" * longest, *limit) == "x" * longest
    with pytest.raises(ValueError, match=f"{longest + 1} code points, at most {longest} are allowed"):
        clean_text("x" * (longest + 1), *limit)


@given(st.text(st.sampled_from("ab é👋"), max_size=30), st.integers(1, 20))
def test_a_text_is_taken_exactly_when_what_is_left_of_it_is_within_the_limit(raw: str, longest: int) -> None:
    left = len(unicodedata.normalize("NFC", " ".join(raw.split())))
    assume(left > 0)
    if left <= longest:
        assert len(clean_text(raw, longest)) == left
    else:
        with pytest.raises(ValueError, match=f"^the text has {left} code points, at most {longest} are allowed$"):
            clean_text(raw, longest)


@pytest.mark.parametrize("raw", ["e\u0301" * TEXT_MAX, "👋" * TEXT_MAX, "x" * TEXT_MAX + "\n" * 99, "\x00" * 999 + "x"])
def test_the_limit_counts_code_points_of_what_is_left(raw: str) -> None:
    assert len(clean_text(raw)) in {1, TEXT_MAX}
