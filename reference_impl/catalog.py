"""What a process remembers of streams and users for a moment, so that a post asks the store for neither."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, Generic, TypeVar

from reference_impl.access import require_author
from reference_impl.auth.identity import Identity
from reference_impl.following import Standing
from reference_impl.ports import Clock, Directory, History
from reference_impl.protocol import problem
from reference_impl.protocol.events import Event, iso
from reference_impl.protocol.problem import Problem
from reference_impl.protocol.streams import Display, Profile, State, Stream, StreamSettings

STREAM_FRESH_S = 1.0  # another process's change of a stream is seen after this long at the latest
PROFILE_FRESH_S = 60.0  # of a user's profile: those who change theirs often are few
REMEMBERED_MAX = 20_000  # past it the oldest is asked for again

T = TypeVar("T")


class Fresh(Generic[T]):
    """Values that are looked up at most once per key and ``fresh_s``, by one caller for all who wait."""

    def __init__(
        self,
        look_up: Callable[[str], Awaitable[T]],
        fresh_s: float,
        clock: Clock,
        remembered_max: int = REMEMBERED_MAX,
    ) -> None:
        self._fresh_s = fresh_s
        self._remembered_max = remembered_max
        self._look_up = look_up
        self._clock = clock
        self._values: dict[str, tuple[float, T]] = {}
        self._asked: dict[str, asyncio.Task[T]] = {}

    async def get(self, key: str) -> T:
        found = self._values.get(key)
        if found is not None and self._clock() < found[0]:
            return found[1]
        task = self._asked.get(key)
        if task is None:
            task = self._asked[key] = asyncio.get_running_loop().create_task(self._ask(key))
        return await asyncio.shield(task)

    def forget(self, key: str) -> None:
        self._values.pop(key, None)
        self._asked.pop(key, None)

    def forget_all(self, start: str) -> None:
        """Forget every key that begins so."""
        for key in [key for key in (*self._values, *self._asked) if key.startswith(start)]:
            self.forget(key)

    async def _ask(self, key: str) -> T:
        me = asyncio.current_task()
        try:
            value = await self._look_up(key)
        finally:
            current = self._asked.get(key) is me
            if current:
                del self._asked[key]
        if current:  # else it was forgotten meanwhile, and may be of before the change
            self._values.pop(key, None)
            self._values[key] = (self._clock() + self._fresh_s, value)
            if len(self._values) > self._remembered_max:
                del self._values[next(iter(self._values))]
        return value


class ViewerCatalog:
    """What viewers need to know of streams."""

    def __init__(self, standing: Standing, clock: Clock, wall_clock: Clock) -> None:
        self._wall_clock = wall_clock
        self._streams = Fresh(standing.stream, STREAM_FRESH_S, clock)
        self._pins = Fresh(standing.pinned, STREAM_FRESH_S, clock)
        self._bans = Fresh(standing.bans, STREAM_FRESH_S, clock)

    async def stream(self, name: str) -> Stream:
        """Answer a stream, or raise the problem that there is none."""
        stream = await self._streams.get(name)
        if stream is None:
            raise Problem(problem.NOT_FOUND, f"there is no stream {name!r}")
        return stream

    async def require_not_banned(self, identity: Identity | None, stream: str) -> None:
        """Raise the problem that a user is banned from the stream."""
        if identity is None:
            return
        bans = await self._bans.get(stream)
        if identity.user not in bans:
            return
        until_ms = bans[identity.user]
        if until_ms is None or until_ms > self._wall_clock() * 1000:
            until = "for good" if until_ms is None else f"until {iso(until_ms)}"
            raise Problem(problem.BANNED, f"{identity.user!r} is banned from {stream!r} {until}")

    async def pinned(self, stream: Stream) -> Event | None:
        """Answer the pinned comment; a crowd that joins at once asks the store only once."""
        found = await self._pins.get(stream.name) if stream.pinned else None
        return None if found is None or found.data.get("deleted") else found

    def changed(self, stream: str) -> None:
        self._streams.forget(stream)
        self._pins.forget(stream)
        self._bans.forget(stream)


class Stored:
    """`Standing` in this process's own store; ``make`` makes a stream that nobody has created."""

    def __init__(self, directory: Directory, history: History, make: Callable[[str], Stream] | None) -> None:
        self._directory = directory
        self._history = history
        self._make = make
        self.bans = directory.bans

    async def stream(self, name: str) -> Stream | None:
        stream = await self._directory.stream(name)
        if stream is None and self._make is not None:
            await self._directory.create(self._make(name))
            stream = await self._directory.stream(name)
        return stream

    async def pinned(self, name: str) -> Event | None:
        stream = await self._directory.stream(name)
        return await self._history.comment(name, stream.pinned) if stream and stream.pinned else None


class Catalog(ViewerCatalog):
    """``make_streams``: a stream that nobody has created comes into being when it is first asked for (development).

    ``display`` is what new streams show unless they say otherwise.
    """

    def __init__(
        self,
        directory: Directory,
        history: History,
        *,
        make_streams: bool,
        display: Display,
        clock: Clock,
        wall_clock: Clock,
    ) -> None:
        self.standing: Standing = Stored(directory, history, self._make if make_streams else None)
        super().__init__(self.standing, clock, wall_clock)
        self._display = display
        self._profiles = Fresh(directory.profile, PROFILE_FRESH_S, clock)

    def new_settings(self, given: dict[str, Any]) -> StreamSettings:
        """The settings of a stream that is being created."""
        return StreamSettings.of({"display": self._display, **given})

    async def author(self, stream: str, identity: Identity | None) -> tuple[Stream, Identity]:
        """Answer a stream and who may post there; a Problem otherwise."""
        where = await self.stream(stream)
        who = require_author(identity, where)
        await self.require_not_banned(who, stream)
        return where, who

    async def profile(self, identity: Identity) -> Profile:
        """Answer how a user is shown: as stored, else as the token says."""
        stored = await self._profiles.get(identity.user)
        return stored or Profile(user=identity.user, name=identity.name or identity.user)

    def changed_profile(self, user: str) -> None:
        self._profiles.forget(user)

    def _make(self, name: str) -> Stream:
        return new_stream(name, name, "", self._wall_clock(), self.new_settings({}))


def new_stream(name: str, title: str, owner: str, now_s: float, settings: StreamSettings) -> Stream:
    return Stream(
        name=name,
        title=title,
        owner=owner,
        state=State.OPEN,
        settings=settings,
        opened_at_ms=int(now_s * 1000),
    )
