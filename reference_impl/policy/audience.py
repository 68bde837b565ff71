"""How many are watching, as viewers are told: rounded, so that a count of a crowd is news only when it has changed."""

import math

EXACT_MAX = 100
DIGITS = 2
ERROR = 0.05  # the most that a number of two digits is off: 5 in 100


def about(viewers: int) -> tuple[int, float]:
    """Answer the count to tell and its greatest relative error; counts up to a hundred are exact."""
    if viewers <= EXACT_MAX:
        return viewers, 0.0
    return round(viewers, DIGITS - 1 - math.floor(math.log10(viewers))), ERROR
