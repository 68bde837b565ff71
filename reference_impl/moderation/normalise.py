"""Brings a text into the form that block lists are matched in, so that a term is found behind its usual disguises.

Undone are compatibility forms, case, accents, invisible characters, look-alikes of other scripts and of digits, and
letters spaced out (Unicode Standard Annex 15; Technical Standard 39 on confusables, of which this holds the common
ones). Terms match whole words, so that an innocent word which contains one stays innocent, and a letter of a term may
be drawn out but not left out: "ass" is found in "asssss", not in "as" or "class". Beyond this layer are letters spaced
out next to other single ones ("a b a d"), and words cut in two.
"""

import re
import unicodedata
from collections.abc import Collection
from functools import lru_cache
from itertools import groupby

# By case: a capital Cyrillic Ve looks like a B, a small one does not, and would turn common words into "bot".
_SCRIPTS = str.maketrans(
    "АВЕІЈКМНОРСТУХЅ" + "аеіјкорсухѕԁһ" + "ΑΒΕΖΗΙΚΜΝΟΡΤΥΧ" + "αβεικνορτυχ" + "ıøØłŁđĐ",  # noqa: RUF001
    "ABEIJKMHOPCTYXS" + "aeijkopcyxsdh" + "ABEZHIKMNOPTYX" + "abeikvoptux" + "ioOlLdD",
)
_DIGITS = str.maketrans("0134578", "oieastb")
_SIGNS = str.maketrans("@$!|", "asii")
_SIGN_AS_LETTER = re.compile(r"[@$!|](?=[^\W\d])|(?<=[^\W\d])(?:[@$]|[!|](?=\d))|[@$]{2}")  # not "bad!" or "$20"
_FILLER = re.compile("[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\ufe00-\ufe0f\U000e0100-\U000e01ef]")
_VOICED = "\u3099\u309a"  # marks that make another kana
_DIGIT = re.compile(r"\d")
_WORD_WITH_DIGIT = re.compile(r"(?<!\w)\w*?\d\w*")
_NO_WORD = re.compile(r"[\W_]+")
_RUN = re.compile(r"(.)\1+")
_SPELT_OUT = re.compile(r" (\w(?: \w){2,})(?= )")  # b a d
# Thai, Lao, Burmese, Khmer, kana and Han put no spaces between words.
_UNSPACED = re.compile("[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\U00020000-\U0003ffff]")


def normalise(text: str) -> str:
    """Words of plain letters with single spaces around them; further readings of the text follow after a bar."""
    text = _fold(text)
    found = _words(text)
    if _SIGN_AS_LETTER.search(text):
        found += "|" + _words(text.translate(_SIGNS))
    spelt_out: list[str] = _SPELT_OUT.findall(found)
    return found + "".join(f"| {_letters(word.replace(' ', ''))} " for word in spelt_out)


class Matcher:
    """The terms of a block list by their first words, so that a long list costs no more than a short one."""

    def __init__(self, terms: Collection[str]) -> None:
        self._unspaced = [term for term in terms if _UNSPACED.search(term)]
        self._by_word: dict[str, list[str]] = {}
        for term in terms:
            self._by_word.setdefault(_squeezed(term).split()[0], []).append(term)

    def search(self, text: str) -> bool:
        """Whether any term is in a normalised text."""
        for word in _squeezed(text).split():
            if word in self._by_word and any(_drawn_out(term).search(text) for term in self._by_word[word]):
                return True
        return any(term in text for term in self._unspaced)


@lru_cache(maxsize=128)
def matcher(terms: tuple[str, ...]) -> Matcher | None:
    """What finds any of the terms in a normalised text, None when there is nothing to find."""
    plain = {_term(term) for term in terms} - {""}
    return Matcher(sorted(plain)) if plain else None


def _term(term: str) -> str:
    """A term's single reading: signs in it are letters, and one that is spelt out is meant as the word."""
    folded = _fold(term.strip("!|"))
    found = _words(folded.translate(_SIGNS) if _SIGN_AS_LETTER.search(folded) else folded)
    spelt_out = _SPELT_OUT.match(found)
    if spelt_out and spelt_out.end() == len(found) - 1:
        return _letters(found.replace(" ", ""))
    return found.strip()


def _squeezed(text: str) -> str:
    return _RUN.sub(r"\1", text)


@lru_cache(maxsize=4096)
def _drawn_out(term: str) -> "re.Pattern[str]":
    return re.compile(f" {''.join(_run(letter, len(list(run))) for letter, run in groupby(term))} ")


def _run(letter: str, count: int) -> str:
    """A letter at least as often as the term has it; but many words differ by a double e or o, as god and good do."""
    if letter in "eo" and count == 1:
        return f"(?:{letter}|{letter}{{3,}})"
    return f"{re.escape(letter)}{{{count}{',' if letter.isalpha() else ''}}}"


def _fold(text: str) -> str:
    if text.isascii():
        return text.lower()
    text = _FILLER.sub("", unicodedata.normalize("NFKD", text))
    text = "".join(character for character in text if character.isalnum() or not _is_hidden(character))
    return unicodedata.normalize("NFC", text.translate(_SCRIPTS).casefold())


def _is_hidden(character: str) -> bool:
    """Accents, enclosing marks and characters without width."""
    if unicodedata.combining(character):
        return character not in _VOICED
    return unicodedata.category(character) in ("Cf", "Me")


def _words(text: str) -> str:
    if _DIGIT.search(text):
        text = _WORD_WITH_DIGIT.sub(lambda word: _letters(word[0]), text)
    if text.isascii():
        text = _NO_WORD.sub(" ", text)
    else:
        text = " ".join("".join(each if each.isalnum() else _between(each) for each in text).split())
    return f" {text.strip()} "


def _letters(word: str) -> str:
    """Digits read as letters, but a number stays one."""
    return word if word.isdigit() else word.translate(_DIGITS)


def _between(character: str) -> str:
    """What stands between words becomes a space; vowel signs belong to them, and a picture is a word of its own."""
    category = unicodedata.category(character)
    if category[0] == "M":
        return character
    return f" {character} " if category == "So" else " "
