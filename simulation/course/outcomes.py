"""Which option of a prediction is the one that a figure stands for."""

from collections.abc import Mapping


def which(value: float, below: Mapping[float, str], otherwise: str) -> str:
    """That of the first bound, from the lowest on, which the value is below."""
    return next((option for bound, option in below.items() if value < bound), otherwise)


def nearest_ms(value_ms: float, *options: str) -> str:
    """That which is nearest; all are like `1,000 ms`."""
    return min(options, key=lambda each: abs(float(each.removesuffix(" ms").replace(",", "")) - value_ms))
