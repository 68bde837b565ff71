"""What a comment's text and a display name may hold.

Text is NFC (Unicode Standard Annex 15). Control characters go, because they break terminals and logs; bidirectional
overrides go, because they let one comment rearrange its neighbours (UAX 9, CVE-2021-42574). Limits count code points,
which is what a writer can count; pages always render the result as text, never as markup.
"""

import re
import unicodedata

TEXT_MAX = 500  # code points
NAME_MAX = 40  # code points
MENTIONS_MAX = 10  # further ones are plain text

_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
_MENTION = re.compile(r"(?<![\w@])@(\w[\w.-]{0,38}\w|\w)")
_PICTURE = (
    "[\U0001f000-\U0001faff\u2600-\u27bf\u2b00-\u2bff\u2190-\u21ff\u2300-\u23ff\u25a0-\u25ff\u2934\u2935"
    "\u3030\u303d\u3297\u3299\u00a9\u00ae\u203c\u2049\u2122\u2139]"
)
_SKIN = "[\U0001f3fb-\U0001f3ff]"
# One emoji as a reader counts it (Unicode Technical Standard 51): a flag, a keycap, or pictures joined to one.
EMOJI = re.compile(
    "[\U0001f1e6-\U0001f1ff]{2}|[0-9#*]\ufe0f?\u20e3"
    f"|{_PICTURE}\ufe0f?{_SKIN}?[\U000e0020-\U000e007f]*(?:\u200d{_PICTURE}\ufe0f?{_SKIN}?)*"
)
_SPACE = re.compile(r"\s+")


def clean_text(raw: str, longest: int = TEXT_MAX) -> str:
    """Normalise a text; ValueError says what is wrong with it, with the observed and the allowed figure."""
    if raw.isascii() and raw.isprintable() and "  " not in raw:
        text = raw.strip(" ")  # most texts, at a tenth of the cost
    else:
        text = unicodedata.normalize("NFC", _SPACE.sub(" ", _CONTROL.sub("", raw))).strip()
    if not text:
        raise ValueError("the text is empty once spaces and control characters are taken away")
    if len(text) > longest:
        raise ValueError(f"the text has {len(text)} code points, at most {longest} are allowed")
    return text


def mentions_in(text: str) -> list[str]:
    """The names after an ``@``, each once, in order."""
    return list(dict.fromkeys(_MENTION.findall(text)))[:MENTIONS_MAX] if "@" in text else []


def is_emoji(text: str) -> bool:
    return EMOJI.fullmatch(text) is not None
