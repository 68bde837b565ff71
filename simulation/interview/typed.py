"""Figures as people type them: "600 Tbps", "0.6 Pb/s", "50k", "1 in 10,000", "28 hours".

What is asked for has a unit. A figure without one is in that unit; one with another unit of the same kind is converted.
What could mean two things is not guessed: a decimal comma, a range, an unknown word.
"""

import math
import re

EXAMPLES = {  # none of them is what anything comes to
    "Tbit/s": "7.5 Tbit/s", "Gbit/s": "7.5 Gbit/s", "/s": "12k/s", "%": "0.5 % or 1 in 200", "h": "90 min",
    "s": "90 s", "B": "2 kB", "": "2,500 or 3 M",
}  # fmt: skip

_ABOUT = re.compile(r"^(?:about|approx\w*\.?|around|roughly|circa|ca\.?|some|~|≈|=)\s*", re.IGNORECASE)
_FIGURE = re.compile(
    r"(?P<value>-?(?:\d{1,3}(?:[,_' ]\d{3})+(?!\d)|\d+)?(?:(?<=\d)|(?=\.\d))(?:\.\d+)?)"
    r"(?:\s*(?:e|[x*\u00d7·]\s*10\s*(?:\^|\*\*)?)\s*(?P<exponent>[+-]?\d{1,3})|(?:\^|\*\*)(?P<power>\d{1,3}))?"
    r"\s*(?P<unit>\D*)",
    re.IGNORECASE,
)  # fmt: skip
_ODDS = re.compile(r"1\s*(?:in|of|out of|/|:)\s*(?P<among>.+)", re.IGNORECASE)
_EACH = re.compile(r"\s*(?:/|\bper|\ban?)\s*(?:(s|secs?|seconds?)|(min|minutes?)|(h|hours?))$", re.IGNORECASE)
_BITS = re.compile(r"(?P<prefix>kilo|mega|giga|tera|peta|[kmgtp])?\s*(?P<what>(?i:bits?|bytes?)|b|B)?(?:ps)?")
_NOUN = re.compile(
    r"\s*(?:viewers?|users?|people|edges?|servers?|nodes?|processes|connections?|sockets?|deliver\w+|comments?|"
    r"messages?|joins?|reconnects?)$",
    re.IGNORECASE,
)
_DATA = {"Tbit/s": 1e12, "Gbit/s": 1e9, "B": 8.0}  # in bits
_PREFIX = {"k": 1e3, "m": 1e6, "g": 1e9, "t": 1e12, "p": 1e15}
_MANY = {
    1e3: ("k", "thousand"), 1e6: ("m", "mn", "mio", "million"), 1e9: ("b", "bn", "g", "billion"),
    1e12: ("t", "tn", "trillion"),
}  # fmt: skip
_TIME_S = {
    1e-3: ("ms",), 1.0: ("s", "sec", "secs", "second", "seconds"), 60.0: ("m", "min", "mins", "minute", "minutes"),
    3_600.0: ("h", "hr", "hrs", "hour", "hours"), 86_400.0: ("d", "day", "days"),
}  # fmt: skip
_OWN_S = {"h": 3_600.0, "s": 1.0}


class AnswerError(Exception):
    """What was typed cannot be used; the message names it and what is allowed."""

    def _render_traceback_(self) -> list[str]:
        """What a notebook shows of it: the candidate has to look at an answer, not at code."""
        return [f"Try again: {self}."]


def number(value: float) -> str:
    """Four digits, and as many zeros as it takes."""
    return f"{value:,.0f}" if 1_000 <= abs(value) < 1e16 else f"{value:.4g}"


def blank(typed: object) -> bool:
    return typed is None or (isinstance(typed, str) and not typed.strip())


def read(typed: object, unit: str) -> float | None:
    """The figure in ``unit``, one of EXAMPLES; None where it cannot be read. It may be below 0."""
    if isinstance(typed, bool) or not isinstance(typed, int | float | str):
        return None
    try:
        value = _text(typed, unit) if isinstance(typed, str) else float(typed)
    except OverflowError:
        return None
    return value if value is not None and math.isfinite(value) else None


def _text(typed: str, unit: str) -> float | None:
    text = _ABOUT.sub("", typed.strip().removesuffix("."))
    if unit == "%" and (odds := _ODDS.fullmatch(text)):
        among = _text(odds["among"], "")
        return 100 / among if among else None
    found = _FIGURE.fullmatch(text)
    if not found or not any(each.isdigit() for each in found["value"]):
        return None
    times = _times(found["unit"].strip(), unit)
    return None if times is None else _value(found) * times


def _value(found: re.Match[str]) -> float:
    value = float(re.sub("[,_' ]", "", found["value"]))
    if found["power"]:
        return value ** int(found["power"])
    return value * 10.0 ** int(found["exponent"] or 0)


def _times(typed: str, unit: str) -> float | None:
    """How many of ``unit`` one of what was typed is."""
    if unit == "%":
        return 1.0 if typed.casefold() in ("", "%", "percent", "per cent") else None
    if unit in _OWN_S:
        return _word(_TIME_S, typed, _OWN_S[unit]) if typed else 1.0
    return _of_data(typed, unit) if unit in _DATA else _of_count(typed, unit)


def _of_data(typed: str, unit: str) -> float | None:
    """ "T" is "Tbit", and "k" a thousand of the unit itself."""
    found = _BITS.fullmatch(_folded(_EACH.sub("", typed)))
    if not found:
        return None
    if not found["what"] and found["prefix"] in (None, "k"):
        return 1e3 if found["prefix"] else 1.0
    bits = 8.0 if found["what"] and found["what"].startswith(("B", "byte")) else 1.0
    return _PREFIX[found["prefix"][0]] * bits / _DATA[unit] if found["prefix"] else bits / _DATA[unit]


def _folded(typed: str) -> str:
    """In small letters, but for the B of bytes."""
    folded = "".join(each if each == "B" else each.lower() for each in typed)
    return folded.replace("Byte", "byte").replace("Bit", "bit")


def _of_count(typed: str, unit: str) -> float | None:
    each = _EACH.search(typed)
    if each and unit != "/s":
        return None
    seconds = 1.0 if not each or each[1] else 60.0 if each[2] else 3_600.0
    many = _NOUN.sub("", _EACH.sub("", typed)).strip()
    times = _word(_MANY, many, 1.0) if many else 1.0
    return None if times is None else times / seconds


def _word(words: dict[float, tuple[str, ...]], typed: str, own: float) -> float | None:
    return next((size / own for size, names in words.items() if typed.casefold() in names), None)
