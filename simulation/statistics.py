"""Confidence from independent replications, and a seed of its own for every stream of randomness.

One long run hides how sure it is of its figures; independent replications, each with seeds of its own, give a mean and
how far the truth may be from it. Streams are seeded by name, so a new one (or one more replication) changes no other.
Source: Law, "Simulation Modeling and Analysis", 5th edition, chapters 9 and 7.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import blake2b

import numpy as np

BISECTIONS = 200  # more than enough to leave two neighbouring floats


@dataclass(frozen=True, slots=True)
class Interval:
    """A mean and how far the truth may be from it, at the confidence that was asked for."""

    mean: float
    half_width: float

    def __contains__(self, value: float) -> bool:
        return abs(value - self.mean) <= self.half_width

    @property
    def relative_half_width(self) -> float:
        return self.half_width / abs(self.mean) if self.mean else math.inf


def confidence_interval(replications: Sequence[float], confidence: float = 0.99) -> Interval:
    """The Student t interval for the mean of independent, identically distributed values, of which there are n >= 2."""
    if len(replications) < 2:
        raise ValueError(f"an interval needs at least 2 replications, got {len(replications)}")
    if not 0 < confidence < 1:
        raise ValueError(f"confidence must be between 0 and 1, got {confidence}")
    error = float(np.std(replications, ddof=1)) / math.sqrt(len(replications))
    quantile = t_quantile((1 + confidence) / 2, len(replications) - 1)
    return Interval(float(np.mean(replications)), quantile * error)


def controlled_interval(
    replications: Sequence[float], controls: Sequence[Sequence[float]], confidence: float = 0.99
) -> Interval:
    """The interval for the mean where each replication also has controls: figures whose expectation is known to be 0.

    Linear regression takes out of the mean what the controls explain. Exact where all are jointly normal, which means
    of many are nearly. Source: Lavenberg and Welch, "A Perspective on the Use of Control Variables to Increase the
    Efficiency of Monte Carlo Simulations", Management Science 27 (1981).
    """
    table = np.array(controls, dtype=np.float64).reshape(len(replications), -1)
    degrees = len(replications) - table.shape[1] - 1
    if degrees < 1:
        raise ValueError(f"{table.shape[1]} controls need more than {len(replications)} replications")
    design = np.column_stack([np.ones(len(replications)), table])
    fitted = np.linalg.pinv(design) @ np.array(replications)
    rest = np.array(replications) - design @ fitted
    error = math.sqrt(float(rest @ rest) / degrees * float(np.linalg.inv(design.T @ design)[0, 0]))
    return Interval(float(fitted[0]), t_quantile((1 + confidence) / 2, degrees) * error)


def t_quantile(probability: float, degrees: int) -> float:
    """The value that Student's t with ``degrees`` degrees of freedom stays below with this probability.

    Bisection over the finite series of `_t_within`; relative error below 1e-9 for probabilities of 1e-6 to 1 - 1e-6.
    """
    if not 0 < probability < 1 or degrees < 1:
        raise ValueError(f"need 0 < probability < 1 and degrees >= 1, got {probability} and {degrees}")
    if probability < 0.5:
        return -t_quantile(1 - probability, degrees)
    low, high = 0.0, math.pi / 2
    for _ in range(BISECTIONS):
        middle = (low + high) / 2
        low, high = (middle, high) if _t_within(middle, degrees) < 2 * probability - 1 else (low, middle)
    return math.sqrt(degrees) * math.tan(low)


def _t_within(angle: float, degrees: int) -> float:
    """The probability of |t| <= sqrt(degrees) * tan(angle).

    Source: Abramowitz and Stegun, "Handbook of Mathematical Functions", 26.7.3 (odd) and 26.7.4 (even).
    """
    sine, cosine = math.sin(angle), math.cos(angle)
    odd = degrees % 2
    term = total = (cosine if odd else 1.0) if degrees > 1 else 0.0
    for power in range(2 + odd, degrees - 1, 2):
        term *= (power - 1) / power * cosine**2
        total += term
    return 2 / math.pi * (angle + sine * total) if odd else sine * total


def seed_sequence(seed: int, scenario: str, replication: int, stream: str) -> np.random.SeedSequence:
    """The root of one stream of random numbers: for ``numpy.random.default_rng``, or more streams below it.

    Names are hashed to words of fixed number, so no two paths through the tree give the same key but by a collision of
    their hashes (64 bits each). Python's own ``hash`` would be another in every process.
    """
    if seed < 0 or not 0 <= replication < 2**32:
        raise ValueError(f"need seed >= 0 and 0 <= replication < 2**32, got {seed} and {replication}")
    return np.random.SeedSequence(seed, spawn_key=(*_words(scenario), replication, *_words(stream)))


def _words(name: str) -> tuple[int, ...]:
    digest = blake2b(name.encode(), digest_size=8).digest()
    return tuple(int.from_bytes(digest[at : at + 4], "little") for at in (0, 4))
