"""Numbers as a page says them."""

from collections.abc import Sequence
from statistics import median

UNKNOWN = "unknown: one run"  # the noise of live runs, of which there is one


def rate(bit_per_s: float) -> str:
    """With the unit that fits: `12.5 kbit/s`, `1,251 Tbit/s`."""
    scale, unit = next(
        each for each in ((1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k"), (1, "")) if bit_per_s >= each[0]
    )
    return f"{significant(bit_per_s / scale)} {unit}bit/s"


def many(number: float) -> str:
    """Large numbers as they are spoken: `500 billion`, `2.91 million`, `155,000`."""
    for scale, word in ((1e9, "billion"), (1e6, "million")):
        if number >= scale:
            return f"{significant(number / scale)} {word}"
    return significant(number)


def significant(number: float, digits: int = 3) -> str:
    """So many digits that say something; of a whole number all before the point."""
    if abs(number) >= 10**digits:
        return f"{number:,.0f}" if number < 10_000 else f"{float(f'{number:.{digits}g}'):,.0f}"
    return f"{number:.{digits}g}"


def percent(share: float) -> str:
    """Of 1: `15.6 %`."""
    return f"{significant(100 * share)} %"


def rounded_percent(share: float, digits: int = 0) -> str:
    """With so many digits after the point: `16 %`."""
    return f"{share:.{digits}%}".replace("%", " %")


def ranged(values: Sequence[float], digits: int) -> str:
    """The median, and from the least to the most: `12.5 (10.6-14.4)`."""
    middle, least, most = (f"{each:,.{digits}f}" for each in (median(values), min(values), max(values)))
    return f"{middle} ({least}-{most})"


def off(expected: float, seen: float) -> str:
    """By how much what was expected is more or less than what was seen: `-14 %`."""
    return signed(expected / seen - 1)


def signed(share: float) -> str:
    """A difference of 1: `-14 %`, and nothing has no sign of its own."""
    rounded = round(100 * share)
    return f"{rounded:+d} %" if rounded else "±0 %"


def time(seconds: float) -> str:
    """With the unit that fits: `27.8 h`, `10 s`, `5.2 ms`."""
    for scale, unit in ((3600, "h"), (60, "min"), (1, "s"), (1e-3, "ms")):
        if seconds >= scale:
            return f"{significant(seconds / scale)} {unit}"
    return f"{1e6 * seconds:.0f} µs"
