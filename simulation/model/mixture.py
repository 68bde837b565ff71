"""Exact quantiles of deliveries that are kept as intervals: a mixture of uniform distributions.

With n intervals [low, low + span] of weight w the share of deliveries below t is the weighted sum of
``clip((t - low) / span, 0, 1)``, which only grows with t; bisection inverts it to the last bit of a float.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

BISECTIONS = 60  # from a range of hours to below a nanosecond
PRUNED_EVERY = 3
SPAN_MIN = 1e-12


def quantile(lows: Array, spans: Array, weights: Array, share: float) -> float:
    """What ``share`` of the deliveries stay below. All arrays have shape (n,), n >= 1; a span may be 0."""
    if not len(lows):
        raise ValueError("no deliveries, so no quantile of them")
    if not 0 <= share <= 1:
        raise ValueError(f"share must be 0 to 1, got {share:g}")
    wanted = share * float(weights.sum())
    slopes = 1 / np.maximum(spans, SPAN_MIN)
    lowest, highest, below = float(lows.min()), float((lows + spans).max()), 0.0
    for number in range(BISECTIONS):
        middle = (lowest + highest) / 2
        if below + float(np.clip((middle - lows) * slopes, 0.0, 1.0) @ weights) < wanted:
            lowest = middle
        else:
            highest = middle
        if number % PRUNED_EVERY == 0:  # intervals that are wholly on one side need not be looked at again
            ended = (lowest - lows) * slopes >= 1
            below += float(weights[ended].sum())
            kept = ~ended & (lows < highest)
            lows, slopes, weights = lows[kept], slopes[kept], weights[kept]
    return highest


def quantiles(lows: Array, spans: Array, weights: Array, shares: Sequence[float]) -> list[float]:
    return [quantile(lows, spans, weights, share) for share in shares]
