"""The reading is a task of its own, which belongs to nobody who waits for it."""

import asyncio
from collections.abc import Awaitable, Callable, Hashable
from typing import Any


class SingleFlight:
    def __init__(self) -> None:
        self.flights: dict[Hashable, asyncio.Task[Any]] = {}

    async def ask(self, key: Hashable, question: Callable[[], Awaitable[Any]]) -> Any:
        if key not in self.flights:
            flight = self.flights[key] = asyncio.create_task(self._read(question))
            flight.add_done_callback(lambda ended: self._landed(key, ended))
        return await asyncio.shield(self.flights[key])

    async def _read(self, question: Callable[[], Awaitable[Any]]) -> Any:
        return await question()

    def _landed(self, key: Hashable, ended: "asyncio.Task[Any]") -> None:
        del self.flights[key]
        if not ended.cancelled():
            ended.exception()  # all who asked may have gone
