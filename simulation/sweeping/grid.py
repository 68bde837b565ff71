"""What `--sweep` says: names with values, and the points of the grid that they make.

viewers=100,1000,10000      these
viewers=100..10000x10       from the first to the last, each ten times the one before
"""

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise, product

from simulation.experiments.family import Sweepable
from simulation.experiments.sizes import Number

POINTS_MAX = 1_000
ALLOWED = "--sweep NAME=VALUE,… or NAME=FROM..TOxFACTOR is allowed, as in viewers=100,1000 or viewers=100..10000x10"
ROUNDING = 1e-9

At = dict[str, Number]
_RANGE = re.compile(r"(.+)\.\.(.+)x(.+)")


class SweepError(Exception):
    """The message says what was seen and what is allowed."""


@dataclass(frozen=True, slots=True)
class Axis:
    """A name of the family's sizes, and its values in the order that was asked for."""

    name: str
    values: tuple[Number, ...]

    @property
    def geometric(self) -> bool:
        """Whether its values are spaced more evenly on a logarithmic scale than on a linear one."""
        ordered = sorted(self.values)
        if len(ordered) < 3:
            return False
        steps = [b - a for a, b in pairwise(ordered)]
        ratios = [math.log(b / a) for a, b in pairwise(ordered)]
        return max(ratios) / min(ratios) < max(steps) / min(steps)


def axes(family: Sweepable, options: Sequence[str]) -> list[Axis]:
    """An axis for each option; SweepError says what is wrong with one."""
    found = [_axis(family, option) for option in options]
    names = [axis.name for axis in found]
    if twice := {name for name in names if names.count(name) > 1}:
        raise SweepError(f"--sweep: {', '.join(sorted(twice))} is swept twice; give all of its values at once")
    if (count := math.prod(len(axis.values) for axis in found)) > POINTS_MAX:
        raise SweepError(f"--sweep: at most {POINTS_MAX:,} points are allowed, and these are {count:,}")
    return found


def points(axes: Sequence[Axis]) -> list[At]:
    """Every combination of the values, the last axis fastest."""
    names = [axis.name for axis in axes]
    return [dict(zip(names, values, strict=True)) for values in product(*(axis.values for axis in axes))]


def words(at: At) -> str:
    """A point as people read it."""
    return ", ".join(f"{name} {shown(value)}" for name, value in at.items())


def shown(value: Number) -> str:
    return f"{value:,}" if isinstance(value, int) else f"{value:,.6g}"


def _axis(family: Sweepable, option: str) -> Axis:
    name, equals, said = option.partition("=")
    if not (name and equals and said):
        raise SweepError(f"{ALLOWED}; got {option!r}")
    sizes = family.sizes
    if name not in sizes:
        allowed = ", ".join(f"{each} ({shown(own)})" for each, own in sizes.items())
        raise SweepError(f"--sweep: {family.name} has no {name!r}. What may be swept, with its own value: {allowed}")
    whole = isinstance(sizes[name], int)
    if match := _RANGE.fullmatch(said):
        first, last, factor = (_number(name, text, whole=False) for text in match.groups())
        values = _geometric(name, first, last, factor, whole)
    else:
        values = [_number(name, text, whole) for text in said.split(",")]
    if twice := {value for value in values if values.count(value) > 1}:
        raise SweepError(f"--sweep {name}: {', '.join(map(shown, sorted(twice)))} is there twice")
    return Axis(name, tuple(values))


def _number(name: str, text: str, whole: bool) -> Number:
    kind = "whole numbers" if whole else "numbers"
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not 0 < value < math.inf or (whole and not value.is_integer()):
        raise SweepError(f"--sweep {name}: {kind} above 0 are allowed, got {text!r}")
    return int(value) if whole else value


def _geometric(name: str, first: Number, last: Number, factor: Number, whole: bool) -> list[Number]:
    if not (first <= last and factor > 1):
        raise SweepError(
            f"--sweep {name}: in FROM..TOxFACTOR, FROM <= TO and FACTOR > 1 are allowed, got "
            f"{shown(first)}..{shown(last)}x{shown(factor)}"
        )
    count = int(math.log(last / first, factor) + ROUNDING) + 1
    if count > POINTS_MAX:
        raise SweepError(f"--sweep {name}: at most {POINTS_MAX:,} values are allowed, and these are {count:,}")
    values = (first * factor**step for step in range(count))
    return [round(value) for value in values] if whole else list(values)
