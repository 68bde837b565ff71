"""The hub of an edge: all streams that are watched here, their heartbeats, and the viewers' coming and going."""

import asyncio
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice

from reference_impl.audience import Audience
from reference_impl.auth.identity import Identity
from reference_impl.background import background
from reference_impl.brownout import Brownout
from reference_impl.edge import Edge
from reference_impl.following import LogReader
from reference_impl.policy.audience import about
from reference_impl.policy.degradation import DegradationConfig, Rung
from reference_impl.policy.reconnect import DrainConfig, slices
from reference_impl.ports import Aggregate, Broker, Clock, LogUnavailable, Published, Recorder, SettingsOf, Viewer
from reference_impl.protocol.cursor import Cursor
from reference_impl.protocol.events import Event, EventKind
from reference_impl.protocol.message import Frame, Parting, notice
from reference_impl.readers import Readers
from reference_impl.stream_hub import HubConfig, StreamHub
from reference_impl.transports.batch_send import BatchSend

TYPISTS_MAX = 100  # named in one hint and counted; more are a crowd anyway
TYPISTS_NAMED = 3


@dataclass(frozen=True, slots=True)
class Seat:
    """A viewer's place on a stream; ``position`` is the last event before it joined. There is one for each viewer."""

    audience: Audience
    readers: Readers
    viewer: Viewer
    position: int

    def leave(self) -> None:
        self.audience.leave(self.viewer)
        self.readers.leave(self.viewer)


class Hub:
    """Brings messages and viewers to their streams."""

    def __init__(
        self,
        log: LogReader,
        config: HubConfig,
        clock: Clock,
        wall_clock: Clock,
        recorder: Recorder | None = None,
        batch_send: BatchSend | None = None,
        *,
        settings_of: SettingsOf,
        broker: Broker,
        brownout: Brownout | None = None,
    ) -> None:
        self.config = config
        self.readers = Readers(wall_clock)
        self.draining = False
        self.brownout = brownout or Brownout(DegradationConfig(), clock)
        self._log = log
        self._clock = clock
        self._wall_clock = wall_clock
        self._recorder = recorder
        self._batch_send = batch_send
        self._settings_of = settings_of
        self._broker = broker
        self._streams: dict[str, StreamHub] = {}
        self._opening: dict[str, asyncio.Task[StreamHub]] = {}
        self._typists: dict[str, dict[str, None]] = {}
        self._standing: dict[str, dict[str, Event]] = {}  # by stream: its settings, and each user's ban
        self._epoch = 0  # of the log, as the streams that are open know it
        self._joined: set[str] = set()  # streams that somebody came to since heads were asked for
        self._told: dict[str, int] = {}  # how many are watching, as last said

    @property
    def viewers(self) -> int:
        return sum(len(stream.audience) for stream in self._streams.values())

    def receive(self, message: Published | Aggregate) -> None:
        """Take a message from the broker; a stream that nobody watches needs none, nor does one of another log."""
        if isinstance(message, Aggregate):
            if self.brownout.rung < Rung.NO_HINTS:
                self._tell(message.stream, Frame([notice(message.name, message.data)]))
        elif (stream := self._streams.get(message.event.stream)) and message.event.epoch == self._log.epoch:
            stream.receive(message)

    async def join(
        self, name: str, viewer: Viewer, cursor: Cursor | None, identity: Identity | None, room: str | None = None
    ) -> Seat:
        """Attach a viewer; its seat's ``leave`` is to be called when it has gone."""
        stream = await self.open(name)
        self._joined.add(name)
        self.readers.arrive(viewer, identity)
        try:
            position = await stream.join(viewer, cursor, self.readers.known(viewer), room)
        except BaseException:
            self.readers.leave(viewer)
            raise
        self._heed_what_stands(name, viewer, identity)
        return Seat(stream.audience, self.readers, viewer, position)

    async def open(self, name: str) -> StreamHub:
        """Follow a stream; whoever joins before anything else is awaited gets all that comes after this."""
        while (stream := self._streams.get(name)) is None:  # it may be forgotten again before this goes on
            await self._open(name)
        return stream

    def watching(self, name: str) -> tuple[int, float]:
        """About how many watch a stream here with one who is about to join, and by how much that may be off."""
        stream = self._streams.get(name)
        return about(len(stream.audience) + 1 if stream else 1)

    def identify(self, name: str, viewer: Viewer, identity: Identity) -> None:
        """A viewer shows another token."""
        self.readers.enter(viewer, identity)
        if stream := self._streams.get(name):
            stream.audience.identify(viewer, identity)

    def typing(self, name: str, user_name: str) -> None:
        """Somebody is writing; told once a second, with everybody else who is."""
        typists = self._typists.setdefault(name, {})
        if name in self._streams and len(typists) < TYPISTS_MAX:
            typists[user_name] = None

    async def run(self) -> None:
        """Watch the load, and do what is to be done now and then, until cancelled."""
        async with background(self.brownout.watch(self.degrade)):
            await self._rounds()

    async def _rounds(self) -> None:
        """Ask for heads, tell what is told now and then, and forget idle streams."""
        heartbeat_at = count_at = self._clock()
        pause_s = min(self.config.heads_s, self.config.heartbeat_s)
        while True:
            await asyncio.sleep(pause_s)
            now = self._clock()
            if now >= heartbeat_at + self.config.heartbeat_s:
                heartbeat_at = now
                self._heartbeat()
            if now >= count_at + self.config.count_s:
                count_at = now
                self._tell_counts()
            self._tell_typists()
            for stream in self._streams.values():
                stream.account()
            self.readers.cut_expired()
            self._forget_idle()
            if self._recorder is not None:
                self._recorder.flush()
            await self.check_heads()

    def degrade(self, lag_s: float) -> None:
        """Go by the load as it is now; ``lag_s`` is by how much the event loop is late."""
        before = self.brownout.relief
        self.brownout.sample(lag_s)
        if self.brownout.relief != before:
            for stream in self._streams.values():
                stream.audience.relieve(self.brownout.relief)

    async def drain(self, config: DrainConfig) -> None:
        """Send all viewers away, each at its slot, which it is told first."""
        self.draining = True
        leaving = list(self._everybody())
        start_s, plan = self._clock(), slices(config, len(leaving))
        for part in plan:
            frame = Frame([notice("reconnect", {"after_ms": round(part.after_s * 1000)})])
            for viewer in islice(leaving, part.first, part.stop):
                viewer.deliver(frame)
        for part in plan:
            await asyncio.sleep(start_s + part.after_s - self._clock())
            for viewer in islice(leaving, part.first, part.stop):
                viewer.close(Parting.DRAIN)

    def close(self) -> None:
        """Let everybody go at once."""
        for stream in self._streams.values():
            stream.audience.close(Parting.SHUTDOWN)
            stream.stop()
            self._broker.forget(stream.stream)
        self._streams.clear()
        self._standing.clear()

    def _new_edge(self) -> Edge:
        return Edge(self._batch_send)

    async def _open(self, name: str) -> StreamHub:
        opening = self._opening.get(name)
        if opening is None:
            opening = asyncio.get_running_loop().create_task(self._start(name))
            self._opening[name] = opening
        return await asyncio.shield(opening)

    async def _start(self, name: str) -> StreamHub:
        self._broker.follow(name)
        try:
            position = (await self._log.heads([name]))[name]
            settings = await self._settings_of(name)
            stream = StreamHub(
                name,
                position,
                self._log,
                self._new_edge,
                self.config,
                self._clock,
                settings,
                self._recorder,
                self._heed,
            )
            stream.audience.relieve(self.brownout.relief)
            if not self._streams:
                self._epoch = self._log.epoch
            self._streams[name] = stream
        except BaseException:
            self._broker.forget(name)
            raise
        finally:
            del self._opening[name]
        # A comment committed after that head was read, but published before the hub listened, shows up here.
        stream.head_is((await self._log.heads([name]))[name])
        return stream

    def _heed(self, event: Event, viewers: Iterable[Viewer]) -> None:
        standing = self._standing.setdefault(event.stream, {})
        if event.kind is EventKind.SETTINGS:
            standing[""] = event
        elif event.kind is EventKind.BAN:
            standing[event.data["user"]] = event
        elif event.kind is EventKind.UNBAN:
            standing.pop(event.data["user"], None)
        self.readers.heed(event, viewers)

    def _heed_what_stands(self, name: str, viewer: Viewer, identity: Identity | None) -> None:
        """A viewer that was let in just before it was shut out has joined after everybody else was cut."""
        standing = self._standing.get(name, {})
        for key in ("", identity.user if identity else ""):
            if key in standing:
                self.readers.heed(standing[key], [viewer])

    async def check_heads(self) -> None:
        """Find what the broker has lost; those who poll are gone again, and want to know of it when they come back."""
        joined, self._joined = self._joined, set()
        watched = [name for name, stream in self._streams.items() if len(stream.audience) or name in joined]
        try:
            heads = await self._log.heads(watched)
        except LogUnavailable:
            return  # the next round asks again
        if self._streams and self._log.epoch != self._epoch:
            self.close()  # the log has lost something: everybody comes back, and is told so
        for name, seq in heads.items():
            if stream := self._streams.get(name):
                stream.head_is(seq)

    def _heartbeat(self) -> None:
        frame = Frame([notice("heartbeat", {"server_time_ms": round(self._wall_clock() * 1000)})])
        for name, stream in self._streams.items():
            self._tell(name, frame)
            for viewer in stream.audience:
                viewer.ping()

    def _tell_counts(self) -> None:
        for name, stream in self._streams.items():
            viewers, error = about(len(stream.audience))
            if self._told.get(name) != viewers:
                self._told[name] = viewers
                self._tell(name, Frame([notice("viewers", {"count": viewers, "error": error})]))

    def _tell_typists(self) -> None:
        told, self._typists = self._typists, {}
        if self.brownout.rung >= Rung.NO_HINTS:
            return
        for name, typists in told.items():
            named = list(islice(typists, TYPISTS_NAMED))
            self._tell(name, Frame([notice("typing", {"users": len(typists), "names": named})]))

    def _tell(self, name: str, frame: Frame) -> None:
        if stream := self._streams.get(name):
            stream.audience.broadcast(frame)

    def _everybody(self) -> Iterator[Viewer]:
        for stream in self._streams.values():
            yield from stream.audience

    def _forget_idle(self) -> None:
        for name in [name for name, stream in self._streams.items() if stream.idle]:
            self._streams.pop(name).stop()
            self._broker.forget(name)
            self._told.pop(name, None)
            self._standing.pop(name, None)
