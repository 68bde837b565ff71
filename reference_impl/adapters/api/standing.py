"""`Standing` over the API: one request tells a stream, its bans and its pinned comment."""

from dataclasses import dataclass

from reference_impl.adapters.api.connection import ApiConnection
from reference_impl.adapters.api.log import Epoch, misunderstood
from reference_impl.protocol.events import Event
from reference_impl.protocol.fleet import event_of, stream_of
from reference_impl.protocol.streams import Stream
from reference_impl.single_flight import SingleFlight


@dataclass(frozen=True, slots=True)
class _Told:
    stream: Stream | None
    bans: dict[str, int | None]
    pinned: Event | None


class ApiStanding:
    def __init__(self, api: ApiConnection, epoch: Epoch) -> None:
        self._api = api
        self._epoch = epoch
        self._asked = SingleFlight()

    async def stream(self, name: str) -> Stream | None:
        return (await self._told(name)).stream

    async def bans(self, name: str) -> dict[str, int | None]:
        return (await self._told(name)).bans

    async def pinned(self, name: str) -> Event | None:
        return (await self._told(name)).pinned

    async def _told(self, name: str) -> _Told:
        return await self._asked.ask(name, lambda: self._ask(name))

    async def _ask(self, name: str) -> _Told:
        answer = await self._api.ask("GET", f"/v1/streams/{name}/standing")
        try:
            epoch = self._epoch.seen(int(answer["epoch"]))
            stream, pinned = answer["stream"], answer["pinned"]
            return _Told(
                stream_of(stream) if stream else None,
                {str(user): until_ms for user, until_ms in answer["bans"].items()},
                event_of(name, epoch, pinned) if pinned else None,
            )
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise misunderstood("standing", error) from error
