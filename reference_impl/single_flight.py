"""One question for all who ask the same at the same time."""

import asyncio
from collections.abc import Awaitable, Callable, Hashable
from typing import Any, TypeVar

from reference_impl.policy.single_flight import Flights

T = TypeVar("T")


class SingleFlight:
    """Whoever asks while an equal question is under way is answered with it; one who goes away does not end it."""

    def __init__(self, *, shared: bool = True) -> None:
        self._flights: Flights[asyncio.Task[Any]] = Flights(shared=shared)

    def __len__(self) -> int:
        return len(self._flights)

    def has(self, key: Hashable) -> bool:
        return key in self._flights

    async def ask(self, key: Hashable, question: Callable[[], Awaitable[T]]) -> T:
        return await asyncio.shield(self.start(key, question))

    def start(self, key: Hashable, question: Callable[[], Awaitable[T]]) -> "asyncio.Task[T]":
        """Have it asked, unless it is under way, without waiting for the answer."""
        flight = self._flights.join(key)
        if flight is None:
            flight = asyncio.get_running_loop().create_task(_asked(question))
            self._flights.depart(key, flight)
            flight.add_done_callback(lambda ended: self._landed(key, ended))
        return flight

    async def close(self) -> None:
        flights = self._flights.all
        for flight in flights:
            flight.cancel()
        await asyncio.gather(*flights, return_exceptions=True)

    def _landed(self, key: Hashable, flight: "asyncio.Task[Any]") -> None:
        self._flights.land(key, flight)
        if not flight.cancelled():
            flight.exception()  # it is known from here on, even if nobody waited for it


async def _asked(question: Callable[[], Awaitable[T]]) -> T:
    return await question()
