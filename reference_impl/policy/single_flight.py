"""Single flight: whether a question is asked, or its asker waits for one who has asked the same already.

A crowd that finds nothing in a cache would ask its source all at once, each the same. So one flies for all who come
while it is under way; who comes after it has landed flies anew. Source: Go, golang.org/x/sync/singleflight.
"""

from collections.abc import Hashable
from typing import Generic, TypeVar

F = TypeVar("F")


class Flights(Generic[F]):
    """What is under way, by its question; a flight is whatever the shell waits for. Unshared, everybody flies."""

    __slots__ = ("_shared", "_under_way", "departed", "joined")

    def __init__(self, *, shared: bool = True) -> None:
        self._shared = shared
        self._under_way: dict[Hashable, list[F]] = {}
        self.departed = 0
        self.joined = 0

    def __len__(self) -> int:
        return sum(map(len, self._under_way.values()))

    def __contains__(self, key: Hashable) -> bool:
        return key in self._under_way

    @property
    def all(self) -> list[F]:
        return [flight for flights in self._under_way.values() for flight in flights]

    def join(self, key: Hashable) -> F | None:
        """The flight that answers this asker; None: he is to depart by himself."""
        if not self._shared or key not in self._under_way:
            return None
        self.joined += 1
        return self._under_way[key][0]

    def depart(self, key: Hashable, flight: F) -> None:
        self._under_way.setdefault(key, []).append(flight)
        self.departed += 1

    def land(self, key: Hashable, flight: F) -> None:
        self._under_way[key].remove(flight)
        if not self._under_way[key]:
            del self._under_way[key]
