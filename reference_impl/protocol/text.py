"""What a comment's text and a display name may hold.

Text is NFC (Unicode Standard Annex 15). Control characters go, because they break terminals and logs; bidirectional
overrides go, because they let one comment rearrange its neighbours (UAX 9, CVE-2021-42574). Limits count code points,
which is what a writer can count; pages always render the result as text, never as markup.
"""

import re
import unicodedata

TEXT_MAX = 500  # code points
NAME_MAX = 40  # code points

_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
_SPACE = re.compile(r"\s+")


def clean_text(raw: str, longest: int = TEXT_MAX) -> str:
    """Normalise a text; ValueError says what is wrong with it, with the observed and the allowed figure."""
    text = unicodedata.normalize("NFC", _SPACE.sub(" ", _CONTROL.sub("", raw))).strip()
    if not text:
        raise ValueError("the text is empty once spaces and control characters are taken away")
    if len(text) > longest:
        raise ValueError(f"the text has {len(text)} code points, at most {longest} are allowed")
    return text
