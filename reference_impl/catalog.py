"""What a process remembers of streams and users for a moment, so that a post asks the store for neither."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import Any, Generic, TypeVar

from reference_impl.access import require_author
from reference_impl.auth.identity import Identity
from reference_impl.following import Standing
from reference_impl.ports import Clock, Directory, History
from reference_impl.protocol import problem
from reference_impl.protocol.events import Event, EventKind, iso
from reference_impl.protocol.problem import Problem
from reference_impl.protocol.streams import Display, Profile, State, Stream, StreamSettings

STREAM_FRESH_S = 1.0  # another process's change of a stream is seen after this long
STREAM_GRACE_S = 2.0  # and so much later at the latest: the store's answer comes within that, or is given up
PROFILE_FRESH_S = 60.0  # of a user's profile: those who change theirs often are few
REMEMBERED_MAX = 20_000  # past it the oldest is asked for again
AHEAD = 2.0  # times what the last answer took: so long before a value is over the next one is asked for
AHEAD_MAX = 0.75  # of the time for which a value is good

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class _Remembered(Generic[T]):
    value: T
    again_s: float  # from when on it is asked for anew
    until_s: float  # from when on it is not given out


class Fresh(Generic[T]):
    """Values that are looked up by one caller for all who wait, and good for ``fresh_s``.

    A store that is slow to answer is asked before that, while the value is still given out: else all would stand still
    each time until there is a new one, and the busier the store the longer. What is not there in time is waited for
    ``grace_s`` later only. Source: Vattani, Chierichetti and Lowenstein, "Optimal Probabilistic Cache Stampede
    Prevention", 2015, which draws by lot when to ask.
    """

    def __init__(
        self,
        look_up: Callable[[str], Awaitable[T]],
        fresh_s: float,
        clock: Clock,
        remembered_max: int = REMEMBERED_MAX,
        *,
        grace_s: float = 0.0,
    ) -> None:
        self._fresh_s = fresh_s
        self._grace_s = grace_s
        self._remembered_max = remembered_max
        self._look_up = look_up
        self._clock = clock
        self._values: dict[str, _Remembered[T]] = {}
        self._asked: dict[str, asyncio.Task[T]] = {}
        self._changes: dict[str, list[Callable[[T], T]]] = {}  # made while it is being asked for

    async def get(self, key: str) -> T:
        found, now_s = self._values.get(key), self._clock()
        grace_s = self._grace_s if key in self._asked else 0.0
        if found is None or now_s >= found.until_s + grace_s:
            return await asyncio.shield(self._asking(key))
        if now_s >= found.again_s:
            self._asking(key)
        return found.value

    def amend(self, key: str, change: Callable[[T], T]) -> None:
        """Make a change in what is remembered, and in what is just being looked up, which may be of before it."""
        if (found := self._values.get(key)) is not None:
            self._values[key] = replace(found, value=change(found.value))
        if key in self._asked:
            self._changes.setdefault(key, []).append(change)

    def forget(self, key: str) -> None:
        for remembered in (self._values, self._asked, self._changes):
            remembered.pop(key, None)

    def forget_all(self, start: str) -> None:
        """Forget every key that begins so."""
        for key in [key for key in (*self._values, *self._asked) if key.startswith(start)]:
            self.forget(key)

    def _asking(self, key: str) -> "asyncio.Task[T]":
        task = self._asked.get(key)
        if task is None:
            task = self._asked[key] = asyncio.get_running_loop().create_task(self._ask(key))
            task.add_done_callback(_heard)
        return task

    async def _ask(self, key: str) -> T:
        me, asked_s = asyncio.current_task(), self._clock()
        try:
            value = await self._look_up(key)
        finally:
            current = self._asked.get(key) is me
            changes = self._changes.pop(key, []) if current else []
            if current:
                del self._asked[key]
        for change in changes:
            value = change(value)
        if current:  # else it was forgotten meanwhile, and may be of before the change
            self._values.pop(key, None)
            now_s = self._clock()
            until_s = now_s + self._fresh_s
            ahead_s = min(AHEAD * (now_s - asked_s), AHEAD_MAX * self._fresh_s)
            self._values[key] = _Remembered(value, until_s - ahead_s, until_s)
            if len(self._values) > self._remembered_max:
                del self._values[next(iter(self._values))]
        return value


def _heard(task: "asyncio.Task[Any]") -> None:
    """A failure that nobody waits for is met again by whoever asks when the value is over."""
    if not task.cancelled():
        task.exception()


_PINS = frozenset({EventKind.PIN, EventKind.UNPIN, EventKind.EDIT, EventKind.DELETE})
"""What may change what the pinned comment is, or says."""


class ViewerCatalog:
    """What viewers need to know of streams."""

    def __init__(self, standing: Standing, clock: Clock, wall_clock: Clock) -> None:
        self._wall_clock = wall_clock
        self._streams = Fresh(standing.stream, STREAM_FRESH_S, clock, grace_s=STREAM_GRACE_S)
        self._pins = Fresh(standing.pinned, STREAM_FRESH_S, clock)
        self._bans = Fresh(standing.bans, STREAM_FRESH_S, clock, grace_s=STREAM_GRACE_S)

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

    def forget(self, stream: str) -> None:
        """Have everything looked up anew."""
        for remembered in (self._streams, self._pins, self._bans):
            remembered.forget(stream)

    def changed(self, event: Event) -> None:
        """Forget no more than an event has changed: no post is to wait because a moderator has pinned or deleted."""
        if event.kind in _PINS:
            self._pins.forget(event.stream)
            self._streams.amend(event.stream, lambda stream: stream and replace(stream, pinned=_pinned(stream, event)))
        elif event.kind in (EventKind.SETTINGS, EventKind.STATE):
            self._streams.forget(event.stream)
        elif event.kind in (EventKind.BAN, EventKind.UNBAN):
            self._bans.forget(event.stream)


def _pinned(stream: Stream, event: Event) -> str | None:
    """The pinned comment after an event."""
    if event.kind is EventKind.PIN:
        return event.target
    gone = event.kind is EventKind.UNPIN or (event.kind is EventKind.DELETE and event.target == stream.pinned)
    return None if gone else stream.pinned


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
