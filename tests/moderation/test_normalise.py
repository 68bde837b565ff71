"""What a block list finds behind disguises, and what it leaves alone."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reference_impl.moderation.normalise import matcher, normalise

words = st.text("bcdfghjklmnpqrvwxyz", min_size=4, max_size=10)  # neither vowels nor what looks like a digit or a sign
texts = st.text(max_size=60)


def found(term: str, text: str) -> bool:
    matches = matcher((term,))
    return matches is not None and matches.search(normalise(text))


@pytest.mark.parametrize(
    "text",
    [
        "bad",
        "BAD",
        "so bad, really",
        "bad!",
        "bad!!!",
        "wow!bad!wow",
        "@bad hi",
        "#bad_idea",
        "baaaaad",
        "b4d",
        "b@d",
        "8ad",
        "b.a.d",
        "b a d",
        "you b-a-d thing",
        "b 4 d",
        "b\u200ba\u00add",  # a zero-width space, a soft hyphen
        "b\u3164ad",  # a Hangul filler
        "b\U000e0061ad",  # a tag
        "ba\ufe0fd",  # a variation selector
        "b\u00e1\u0323d",  # accents, one of them on its own
        "b\u20dda\u20ddd\u20dd",  # letters in circles
        "\uff42\uff41\uff44",  # full width
        "\U0001d41b\U0001d41a\U0001d41d",  # mathematical bold
        "b\u0430d",  # Cyrillic a
        "\u0412\u0410D",  # Cyrillic Ve and A
        "\u03b2\u03b1d",  # Greek
    ],
)
def test_a_term_is_found_behind_a_disguise(text: str) -> None:
    assert found("bad", text)


@pytest.mark.parametrize(
    ("term", "text"),
    [
        ("ass", "a class of its own"),
        ("ass", "as if"),
        ("ssw", "pass word"),
        ("ass", "it costs $455"),
        ("ass", "455"),
        ("sass", "it costs $455"),
        ("hi", "h!"),
        ("coon", "the con is on"),
        ("god", "good"),
        ("fed", "feed"),
        ("ad", "b.a.d"),
        ("fun", "f u n n y"),
        ("buy now", "buynow"),
        ("buy now", "buy it now"),
        ("ab cd", "cd ab"),
        ("420", "4200"),
        ("bot", "\u0432\u043e\u0442"),  # a common Russian word, "here"
        ("\u30b3\u30ab", "\u30b4\u30ac"),  # ko-ka, go-ga: other kana, not accents
        ("bad", ""),
    ],
)
def test_an_innocent_text_stays_innocent(term: str, text: str) -> None:
    assert not found(term, text)


@pytest.mark.parametrize(
    ("term", "text"),
    [
        ("ass", "dumb assssss"),
        ("good", "good"),
        ("good", "so gooood"),
        ("god", "oh my gooood"),
        ("fun", "fuun"),
        ("shit", "oh sh!t"),
        ("ass", "@$$"),
        ("sh!t", "shit"),
        ("!BAD!", "bad"),
        ("b.a.d", "bad"),
        ("b a d", "bad"),
        ("a b c day", "an A.B.C. day"),
        ("buy now", "BUY...NOW!"),
        ("buy now", "buyyy noooow"),
        ("don't", "DON'T"),
        ("420", "420 today"),
        ("stra\u00dfe", "STRASSE"),
        ("\u043f\u043b\u043e\u0445\u043e", "\u041f\u041b\u041e\u0425\u041e!"),  # Russian, in capitals
        ("\u0915\u093f\u0924\u093e\u092c", "\u092f\u0939 \u0915\u093f\u0924\u093e\u092c \u0939\u0948"),  # Hindi
        ("\u99ac\u9e7f", "\u304a\u524d\u99ac\u9e7f\u3060\u306a"),  # Japanese, which has no spaces
        ("\U0001f595", "you\U0001f595\U0001f3fd!"),  # a gesture, in a skin tone
    ],
)
def test_term_and_text_are_brought_into_the_same_form(term: str, text: str) -> None:
    assert found(term, text)


def test_vowel_signs_of_hindi_are_not_accents() -> None:
    assert not found("\u0915\u093f\u0924\u093e\u092c", "\u0915\u0924\u092c")


def test_a_term_with_neither_letters_nor_pictures_is_ignored() -> None:
    assert matcher(("?!", " ", "")) is None
    assert not found("?!", "what?!")


def test_any_term_of_a_list_is_found() -> None:
    matches = matcher(("ugly", "bad day", "bad", "bid"))
    assert matches is not None
    verdicts = [matches.search(normalise(text)) for text in ("so ugly", "bad days", "a bad day", "bids", "fine")]
    assert verdicts == [True, True, True, False, False]


def test_a_phrase_is_not_found_across_two_readings_of_a_text() -> None:
    # The text is read with its sign as a space and as a letter, one reading after the other.
    assert normalise("d@y bad") == " d y bad | day bad "
    assert not found("bad day", "d@y bad")


@given(words, st.text("bcdfghjklmnpqrvwxyz ", max_size=20), st.text("bcdfghjklmnpqrvwxyz ", max_size=20))
def test_a_word_between_others_is_found(word: str, before: str, after: str) -> None:
    assert found(word, f"{before} {word} {after}")


@given(words, st.lists(st.integers(1, 6), min_size=10, max_size=10))
def test_letters_may_be_drawn_out(word: str, counts: list[int]) -> None:
    assert found(word, "".join(letter * count for letter, count in zip(word, counts, strict=False)))


@given(words, st.sampled_from([" ", ".", "-", "_", " * ", "\u3000"]))
def test_letters_may_be_spaced_out(word: str, separator: str) -> None:
    assert found(word, separator.join(word))


@given(words, words)
def test_a_word_that_only_contains_the_term_is_not_it(term: str, more: str) -> None:
    assert found(term, f"{term}a{more}") is False
    assert found(term, f"{more}a{term}") is False


@given(texts)
def test_every_text_can_be_normalised_and_case_makes_no_difference_to_ascii(text: str) -> None:
    normal = normalise(text)
    assert (normal[0], normal[-1]) == (" ", " ")
    ascii_text = text.encode("ascii", "ignore").decode()
    assert normalise(ascii_text.upper()) == normalise(ascii_text.lower())


@given(st.lists(texts, max_size=5))
def test_every_list_of_terms_makes_a_matcher(terms: list[str]) -> None:
    matches = matcher(tuple(terms))
    assert matches is None or not matches.search(normalise(""))
