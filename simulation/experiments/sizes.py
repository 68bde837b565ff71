"""The size of a family that may be run at others, too: the numbers of a frozen dataclass, read and changed by name.

    class Mine(Resizable[Size]):
        def __init__(self, size: Size = Size()) -> None:
            super().__init__(size)

is all that such a family needs for `livecomments run mine --sweep viewers=100,1000`.
"""

from collections.abc import Mapping
from dataclasses import fields, replace
from typing import TYPE_CHECKING, Generic, Self, TypeVar

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

Number = int | float
Sizes = Mapping[str, Number]
S = TypeVar("S", bound="DataclassInstance")

OF_ONE_RUN = ("seed", "repeat")  # which say what is drawn, not how large anything is


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


def changed(size: S, changes: Sizes) -> S:
    """The same but for these; ValueError is the dataclass's own."""
    return replace(size, **changes)
