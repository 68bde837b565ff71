"""`LogReader` over the API: gaps and heads, each stretch read once for all who want it at the same time."""

import asyncio
from collections.abc import Callable, Sequence
from functools import partial

from reference_impl.adapters.api.connection import ApiConnection
from reference_impl.ports import LogUnavailable
from reference_impl.protocol.events import Event
from reference_impl.protocol.fleet import HEADS_MAX, STRETCH_MAX, event_of
from reference_impl.single_flight import SingleFlight


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
        self._reads = SingleFlight()
        self._heads = SingleFlight()

    @property
    def epoch(self) -> int:
        return self._epoch.value

    async def read(self, stream: str, *, first: int, last: int) -> list[Event]:
        events: list[Event] = []
        for start in range(first, last + 1, STRETCH_MAX):
            end = min(last, start + STRETCH_MAX - 1)
            events += await self._reads.ask((stream, start, end), partial(self._stretch, stream, start, end))
        return events

    async def heads(self, streams: Sequence[str]) -> dict[str, int]:
        heads: dict[str, int] = {}
        for start in range(0, len(streams), HEADS_MAX):
            names = tuple(streams[start : start + HEADS_MAX])
            heads |= await self._heads.ask(names, partial(self._heads_of, names))
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
