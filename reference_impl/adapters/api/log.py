"""`LogReader` over the API: gaps and heads, each stretch read once for all who want it at the same time."""

import asyncio
from collections.abc import Callable, Coroutine, Hashable, Sequence
from typing import Any, Generic, TypeVar

from reference_impl.adapters.api.connection import ApiConnection
from reference_impl.ports import LogUnavailable
from reference_impl.protocol.events import Event
from reference_impl.protocol.fleet import HEADS_MAX, STRETCH_MAX, event_of

T = TypeVar("T")


class SingleFlight(Generic[T]):
    """One request for all who ask the same while it is under way."""

    def __init__(self) -> None:
        self._asked: dict[Hashable, asyncio.Task[T]] = {}

    async def get(self, key: Hashable, ask: Callable[[], Coroutine[Any, Any, T]]) -> T:
        task = self._asked.get(key)
        if task is None:
            task = self._asked[key] = asyncio.get_running_loop().create_task(ask())
            task.add_done_callback(lambda done: self._forget(key, done))
        return await asyncio.shield(task)

    def _forget(self, key: Hashable, done: "asyncio.Task[T]") -> None:
        del self._asked[key]
        if not done.cancelled():
            done.exception()  # those who asked may all have gone: it is nobody's failure then


class Epoch:
    """The epoch of the log behind the API, as the last answer had it; 0 before the first one."""

    def __init__(self) -> None:
        self.value = 0
        self.on_change: Callable[[], None] = lambda: None

    def seen(self, epoch: int) -> int:
        """Take note of an answer's epoch. A new one is another log: what was known of the old one is worth nothing."""
        before, self.value = self.value, epoch
        if before not in (0, epoch):
            asyncio.get_running_loop().call_soon(self.on_change)
        return epoch


class ApiLog:
    def __init__(self, api: ApiConnection, epoch: Epoch) -> None:
        self._api = api
        self._epoch = epoch
        self._reads: SingleFlight[list[Event]] = SingleFlight()
        self._heads: SingleFlight[dict[str, int]] = SingleFlight()

    @property
    def epoch(self) -> int:
        return self._epoch.value

    async def read(self, stream: str, *, first: int, last: int) -> list[Event]:
        events: list[Event] = []
        for start in range(first, last + 1, STRETCH_MAX):
            end = min(last, start + STRETCH_MAX - 1)
            events += await self._reads.get((stream, start, end), lambda: self._stretch(stream, start, end))  # noqa: B023 - called at once
        return events

    async def heads(self, streams: Sequence[str]) -> dict[str, int]:
        heads: dict[str, int] = {}
        for start in range(0, len(streams), HEADS_MAX):
            names = tuple(streams[start : start + HEADS_MAX])
            heads |= await self._heads.get(names, lambda: self._heads_of(names))  # noqa: B023 - called at once
        return heads

    async def _stretch(self, stream: str, first: int, last: int) -> list[Event]:
        answer = await self._api.ask("GET", f"/v1/streams/{stream}/log?first={first}&last={last}")
        try:
            epoch = self._epoch.seen(int(answer["epoch"]))
            return [event_of(stream, epoch, each) for each in answer["events"]]
        except (KeyError, TypeError, ValueError) as error:
            raise misunderstood("log", error) from error

    async def _heads_of(self, names: Sequence[str]) -> dict[str, int]:
        answer = await self._api.ask("POST", "/v1/heads", {"streams": names})
        try:
            self._epoch.seen(int(answer["epoch"]))
            return {name: int(answer["heads"][name]) for name in names}
        except (KeyError, TypeError, ValueError) as error:
            raise misunderstood("heads", error) from error


def misunderstood(what: str, error: Exception) -> LogUnavailable:
    return LogUnavailable(f"the API's {what} cannot be understood, is it of another version? {error!r}")
