"""The size of a family that may be run at others, too: the numbers of a frozen dataclass, read and changed by name.

    @dataclass(frozen=True, slots=True, kw_only=True)
    class Size:
        viewers: Annotated[int, Within(1, 100_000)] = 300

    class Mine(Resizable[Size]):
        def __init__(self, size: Size = Size()) -> None:
            super().__init__(size)

is all that such a family needs for `livecomments run mine --sweep viewers=100,1000`. What may not be is told before
anything runs: a number outside of its `Within`, and what `Limited` says of several numbers together.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING, Generic, Protocol, Self, TypeVar, runtime_checkable

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

Number = int | float
Sizes = Mapping[str, Number]
S = TypeVar("S", bound="DataclassInstance")

OF_ONE_RUN = ("seed", "repeat")  # which say what is drawn, not how large anything is
ENOUGH = 10  # of what is measured, on average: so few are hardly ever none at all


@dataclass(frozen=True, slots=True)
class Within:
    """The smallest and the largest number that a sweep may ask for, where the others are the experiment's own."""

    least: Number
    most: Number


@runtime_checkable
class Limited(Protocol):
    """A size of which some numbers are allowed alone but not together."""

    def why_not(self) -> str:
        """What was seen and what is allowed; empty if it can be run."""
        ...


class Resizable(Generic[S]):
    """A `Sweepable` family whose constructor takes its size."""

    def __init__(self, size: S) -> None:
        self._size = size

    @property
    def sizes(self) -> Sizes:
        return numbers(self._size)

    def sized(self, changes: Sizes) -> Self:
        return type(self)(changed(self._size, changes))


def numbers(size: "DataclassInstance") -> dict[str, Number]:
    """What may be another number, by name."""
    values = {each.name: getattr(size, each.name) for each in fields(size) if each.name not in OF_ONE_RUN}
    return {name: value for name, value in values.items() if type(value) in (int, float)}


def allowed(size: "DataclassInstance") -> dict[str, Within]:
    """By name, of those that say so."""
    notes = {each.name: getattr(each.type, "__metadata__", ()) for each in fields(size)}
    return {name: note for name, all_notes in notes.items() for note in all_notes if isinstance(note, Within)}


def changed(size: S, changes: Sizes) -> S:
    """The same but for these; ValueError says what is wrong with them."""
    other = replace(size, **changes)
    for name, within in allowed(other).items():
        if not within.least <= (value := getattr(other, name)) <= within.most:
            raise ValueError(f"{name} must be from {within.least:,} to {within.most:,}, got {value:,}")
    together: object = other
    if isinstance(together, Limited) and (why := together.why_not()):
        raise ValueError(why)
    return other


def enough(what: str, expected: float, of: str) -> str:
    """Why not, where fewer than `ENOUGH` of what is measured are expected; ``of`` names the numbers that make them."""
    return "" if expected >= ENOUGH else f"{of} must make at least {ENOUGH} {what}, and these make {expected:,.2g}"
