"""One stream on this edge: order, resume ring, the rooms of its viewers and the way back in.

    broker --> Sequencer --> ResumeRing --> Audience: rooms, each with its budget, window and edge --> viewers
                  ^  gap: read the range from the log, one reader at a time
    log heads ----'  once a second, which finds a lost last event

Every decision is a policy's; this shell brings the events, the clock (which must be the event loop's) and the timer.
"""

import asyncio
import random
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from reference_impl.audience import Audience, AudienceConfig, Guest, room_key
from reference_impl.auth.identity import Identity
from reference_impl.display import has_priority, sample
from reference_impl.edge import Edge
from reference_impl.following import LogReader
from reference_impl.policy.coalescing import CoalescingConfig
from reference_impl.policy.ordering import OrderingConfig, Sequencer
from reference_impl.policy.resume_ring import ResumeRing, ResumeRingConfig
from reference_impl.policy.retry import Retry, RetryConfig
from reference_impl.policy.rooms import RoomsConfig
from reference_impl.policy.timer import next_wake
from reference_impl.ports import Clock, LogUnavailable, Published, Recorder, Viewer
from reference_impl.protocol.cursor import Cursor
from reference_impl.protocol.events import Event, EventKind
from reference_impl.protocol.message import Frame, gap, of_event, redacted, shown_of
from reference_impl.protocol.streams import StreamSettings
from reference_impl.room import Entry, Room

READ_MAX = 500  # events in one read from the log
CATCH_UP_MAX = 1_000  # events read from the log for one viewer; farther back it gets a gap and reads history itself
SLICE_MAX = 100  # events in one frame to a viewer that catches up; the next one when it has taken this one
STRETCH_MAX = 2_000  # the same where most of them are not shown
SLICES_KEPT = 32  # a crowd that comes back at once lacks the same events

Heed = Callable[[Event, Iterable[Viewer]], None]
"""Told of events that may shut viewers out, before they are sent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HubConfig:
    coalescing: CoalescingConfig = field(default_factory=CoalescingConfig)
    ordering: OrderingConfig = field(default_factory=OrderingConfig)
    ring: ResumeRingConfig = field(default_factory=ResumeRingConfig)
    retry: RetryConfig = field(default_factory=RetryConfig)
    rooms: RoomsConfig = field(default_factory=RoomsConfig)
    heartbeat_s: float = 15.0
    heads_s: float = 1.0
    count_s: float = 5.0  # between two tellings of how many are watching


class StreamHub:
    """``position`` is the last event released in order."""

    def __init__(
        self,
        stream: str,
        position: int,
        log: LogReader,
        new_edge: Callable[[], Edge],
        config: HubConfig,
        clock: Clock,
        settings: StreamSettings,
        recorder: Recorder | None = None,
        heed: Heed | None = None,
    ) -> None:
        self.stream = stream
        self.joining = 0
        self._log = log
        self._clock = clock
        self._recorder = recorder
        self._heed = heed
        self._sequencer: Sequencer[Published] = Sequencer(config.ordering, position + 1)
        self._ring: ResumeRing[Entry] = ResumeRing(config.ring, position)
        self._retry = Retry(config.retry, random.Random())
        self._timer: asyncio.TimerHandle | None = None
        self._timer_at = 0.0
        self._filling: asyncio.Task[None] | None = None
        self._slices: dict[tuple[str, int, int], Frame] = {}
        of_audience = AudienceConfig(
            stream=stream, epoch=log.epoch, rooms=config.rooms, coalescing=config.coalescing, new_edge=new_edge,
            clock=clock, sent=self._sent,
        )  # fmt: skip
        self.audience = Audience(of_audience, settings, position)

    @property
    def position(self) -> int:
        return self._ring.position

    @property
    def idle(self) -> bool:
        """Nobody watches and nobody could resume from the ring."""
        self._ring.expire(self._clock())
        return not (len(self.audience) or self.joining or self._ring)

    def receive(self, event: Published) -> None:
        """Take an event from the broker or from the log, in any order."""
        now = self._clock()
        for released in self._sequencer.offer(event.event.seq, event, now):
            self._accept(released, now)
        self._arm()

    def head_is(self, seq: int) -> None:
        self._sequencer.head_is(seq, self._clock())
        self._arm()

    async def join(
        self, viewer: Viewer, cursor: Cursor | None, identity: Identity | None = None, room: str | None = None
    ) -> int:
        """Bring a viewer from its cursor (None: the live head) to the live stream, with no gap and no overlap.

        The answer is the position at which it has joined.
        """
        guest = self.audience.guest(identity, room)
        self.joining += 1
        try:
            position = await self._catch_up(viewer, cursor, guest)
        finally:
            self.joining -= 1
        # No await since the last slice: what the viewer has and what comes next cannot drift apart.
        self.audience.enter(viewer, guest, position)
        for entry in self._ring.since(position) or ():  # undecided yet
            if guest.handles & entry.handles:
                self.audience.room_of(guest).concerns(viewer, entry, offered=True, now=self._clock())
        return position

    def account(self) -> None:
        """Let everybody know of what has not been shown for a while; called about once a second."""
        self.audience.account()

    def stop(self) -> None:
        """Set no more timers and read no more gaps; the viewers are the audience's to let go."""
        if self._timer is not None:
            self._timer.cancel()
        if self._filling is not None:
            self._filling.cancel()

    def _accept(self, published: Published, now: float) -> None:
        event = published.event
        if self._heed is not None:
            self._heed(event, self.audience)
        if event.kind is EventKind.DELETE:
            self._redact(event.target)
        entry = _entry(published, now)
        self._ring.append(entry, entry.message.size_bytes, now)
        self.audience.offer(entry, now)
        if event.kind is EventKind.SETTINGS:
            self._slices.clear()
            self.audience.configure(StreamSettings.of(dict(event.data)))

    def _redact(self, comment: str | None) -> None:
        """Nobody who comes back later is sent what has been deleted."""
        for entry in self._ring:
            if entry.id == comment:
                entry.message = redacted(entry.message)
                self._slices.clear()

    def _sent(self, entries: list[Entry], frame: Frame, start_s: float) -> None:
        if self._recorder is None:
            return
        viewers = len(self.audience)
        self._recorder.fan_out(frame.first, frame.last, viewers, frame.size_bytes, start_s, self._clock())
        for entry in entries:
            if entry.stamps is not None and entry.is_comment:
                self._recorder.comment(entry.seq, entry.stamps, entry.hub_s, start_s)

    def _arm(self, woken_at: float | None = None) -> None:
        """Wake at the next deadline; a timer that is set for earlier already is left to look again by itself."""
        at = next_wake(self.audience.deadline, self._sequencer.deadline, woken_at=woken_at)
        if at is None or (self._timer is not None and self._timer_at <= at):
            return
        if self._timer is not None:
            self._timer.cancel()
        self._timer_at = at
        self._timer = asyncio.get_running_loop().call_at(at, self._wake)

    def _wake(self) -> None:
        self._timer = None
        now = self._clock()
        self.audience.flush(now)
        missing = self._sequencer.missing(now)
        if missing and self._filling is None:
            self._filling = asyncio.get_running_loop().create_task(self._fill(missing[:READ_MAX]))
        self._arm(woken_at=now)

    async def _fill(self, missing: range) -> None:
        """Read a gap from the log; when the log is away, wait with backoff, and let the deadline ask again."""
        try:
            for event in await self._log.read(self.stream, first=missing[0], last=missing[-1]):
                self.receive(Published(event, None))
            self._retry.succeeded()
        except LogUnavailable:
            again_s = self._retry.failed(0.0)
            if again_s is None:  # the budget is for one outage; the next question starts a new one
                self._retry.succeeded()
            await asyncio.sleep(again_s or 0.0)
        finally:
            self._filling = None

    async def _catch_up(self, viewer: Viewer, cursor: Cursor | None, guest: Guest) -> int:
        """Send what it lacks, a slice at a time as it takes them; the last one is sent with nothing awaited after."""
        position = await self._start(viewer, cursor)
        while True:
            await viewer.drained()
            room = self.audience.room_of(guest)
            entries = self._ring.since(position, SLICE_MAX if room.shows_all else STRETCH_MAX)
            if entries is None:
                position = await self._from_log(viewer, position, room, guest)
                continue
            target = self.position if room.shows_all else room.accounted  # beyond it nobody knows yet what is shown
            known = [entry for entry in entries if entry.seq <= target]
            if known:
                viewer.deliver(self._slice(known, room, guest))
                position = known[-1].seq
            if position >= target:  # ahead is one who has read history that the broker has not brought yet
                return position

    async def _start(self, viewer: Viewer, cursor: Cursor | None) -> int:
        if cursor is None:
            return self.position
        if cursor.epoch != self._log.epoch or await self._beyond(cursor.seq):
            viewer.deliver(Frame([gap(self._log.epoch, 1, self.position, "epoch")]))
            return self.position
        return cursor.seq

    async def _from_log(self, viewer: Viewer, position: int, room: Room, guest: Guest) -> int:
        """Send what has left the ring, or say that it is too much; answer how far the viewer has come."""
        oldest = self.position - len(self._ring)
        if oldest - position > CATCH_UP_MAX:
            viewer.deliver(Frame([gap(self._log.epoch, position + 1, oldest, "too_old")]))
            return oldest
        last = min(position + SLICE_MAX, oldest)
        events = await self._log.read(self.stream, first=position + 1, last=last)
        chosen = {event.seq for event in sample(events, room.config.budget)}
        shown = [of_event(event) for event in events if event.seq in chosen or guest.handles & _handles(event)]
        viewer.deliver(shown_of(self._log.epoch, position + 1, last, shown, room.shedding))
        return last

    def _slice(self, entries: list[Entry], room: Room, guest: Guest) -> Frame:
        """Frame of what a viewer has missed; one to whom nothing else matters shares it with the others of the room."""
        shown = [entry for entry in entries if self.audience.shows(room, entry)]
        mine = [entry for entry in entries if guest.handles & entry.handles]
        first, last = entries[0].seq, entries[-1].seq
        if any(entry not in shown for entry in mine):
            return room.frame(sorted({*shown, *mine}, key=lambda entry: entry.seq), first, last)
        key = room.name, first, last
        frame = self._slices.get(key)
        if frame is None:
            if len(self._slices) >= SLICES_KEPT:
                del self._slices[next(iter(self._slices))]
            frame = self._slices[key] = room.frame(shown, first, last)
        return frame

    async def _beyond(self, position: int) -> bool:
        """Whether the log does not reach that far; a history page may be ahead of the broker, never of the log."""
        return position > self.position and position > (await self._log.heads([self.stream]))[self.stream]


def _entry(published: Published, now: float) -> Entry:
    event = published.event
    return Entry(
        message=of_event(event),
        id=event.id,
        at_ms=event.at_ms,
        is_comment=event.kind is EventKind.COMMENT,
        priority=has_priority(event),
        room_key=room_key(_author(event), event.data.get("room")),
        handles=_handles(event),
        stamps=published.stamps,
        hub_s=now,
    )


def _author(event: Event) -> str:
    return str(event.data.get("author", {}).get("id", "")) if event.kind is EventKind.COMMENT else ""


def _handles(event: Event) -> frozenset[str]:
    """Whom an event concerns: its author, and those whom it mentions."""
    return frozenset(each.casefold() for each in (_author(event), *event.data.get("mentions", ())) if each)
