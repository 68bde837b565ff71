"""Brings a text into the form that block lists are matched in, so that a term is found behind its usual disguises.

Compatibility forms, case, accents, invisible characters, look-alikes of other scripts and of digits, repeated letters
and letters spaced out are undone (Unicode Standard Annex 15; Technical Standard 39 on confusables, of which this holds
only the common ones). Terms match whole words, so that an innocent word which contains one stays innocent.
"""

import re
import unicodedata
from functools import lru_cache

_LOOK_ALIKES = str.maketrans(
    "0134578@$!|а" + "веіјкмнорстухѕԁ" + "αβεικνορτυχ",  # noqa: RUF001 - they are the point
    "oieastbasiia" + "beijkmhopctyxsd" + "abeiknoptux",
)
_INVISIBLE = re.compile("[\u00ad\u034f\u115f\u1160\u17b4\u17b5\u180e\u200b-\u200f\u2060-\u2064\ufe00-\ufe0f\ufeff]")
_RUN = re.compile(r"(.)\1+")
_NO_WORD = re.compile(r"[\W_]+")
_SPELT_OUT = re.compile(r"(?<!\w)\w(?: \w){2,}(?!\w)")  # b a d


def normalise(text: str) -> str:
    """Words of plain letters with single spaces between them, one at each end."""
    text = text.lower() if text.isascii() else _plain(text)
    text = _RUN.sub(r"\1", _NO_WORD.sub(" ", text.translate(_LOOK_ALIKES)))
    text = f" {text.strip()} "
    spelt_out = "".join(f"{word.replace(' ', '')} " for word in _SPELT_OUT.findall(text))
    return text + spelt_out


@lru_cache(maxsize=1024)
def matcher(terms: tuple[str, ...]) -> "re.Pattern[str] | None":
    """A pattern that finds any of the terms in a normalised text."""
    plain = {normalise(term).strip() for term in terms} - {""}
    longest_first = sorted(plain, key=lambda term: (-len(term), term))
    return re.compile(f" ({'|'.join(map(re.escape, longest_first))})(?= )") if plain else None


def _plain(text: str) -> str:
    text = unicodedata.normalize("NFKD", _INVISIBLE.sub("", text)).casefold()
    return "".join(character for character in text if not unicodedata.combining(character))
