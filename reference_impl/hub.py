"""The hub of an edge: for each stream that is watched, order, resume ring, coalescing window and the way back in.

    broker --> Sequencer --> ResumeRing --> CoalescingWindow --> Edge --> viewers
                  ^  gap: read the range from the log, one reader at a time
    log heads ----'  once a second, which finds a lost last event

Every decision is a policy's; this shell brings the events, the clock (which must be the event loop's) and the timer.
"""

import asyncio
import random
from collections.abc import Callable
from dataclasses import dataclass, field

from reference_impl.edge import Edge, encode
from reference_impl.policy.coalescing import CoalescingConfig, CoalescingWindow
from reference_impl.policy.ordering import OrderingConfig, Sequencer
from reference_impl.policy.resume_ring import ResumeRing, ResumeRingConfig
from reference_impl.policy.retry import Retry, RetryConfig
from reference_impl.policy.timer import next_wake
from reference_impl.ports import (
    Aggregate,
    Batch,
    Clock,
    CommentLog,
    LogUnavailable,
    Published,
    Recorder,
    Stamps,
    Viewer,
)
from reference_impl.protocol.cursor import Cursor
from reference_impl.protocol.events import Event, EventKind, encode_json
from reference_impl.protocol.sse import HEARTBEAT_TEXT, event_text, gap_text, log_text

READ_MAX = 500  # events in one read from the log
CATCH_UP_MAX = 1_000  # events read from the log for one viewer; farther back it gets a gap and reads history itself


@dataclass(frozen=True, slots=True, kw_only=True)
class HubConfig:
    coalescing: CoalescingConfig = field(default_factory=CoalescingConfig)
    ordering: OrderingConfig = field(default_factory=OrderingConfig)
    ring: ResumeRingConfig = field(default_factory=ResumeRingConfig)
    retry: RetryConfig = field(default_factory=RetryConfig)
    heartbeat_s: float = 15.0
    heads_s: float = 1.0


@dataclass(frozen=True, slots=True)
class _Frame:
    """An event encoded once, on its way through the ring and the window."""

    event: Event
    text: str
    stamps: Stamps | None
    hub_s: float


class StreamHub:
    """One stream on this edge; ``position`` is the last event released in order."""

    def __init__(
        self, stream: str, position: int, log: CommentLog, config: HubConfig, clock: Clock, recorder: Recorder | None
    ) -> None:
        self.stream = stream
        self.edge = Edge()
        self.joining = 0
        self._log = log
        self._clock = clock
        self._recorder = recorder
        self._sequencer: Sequencer[Published] = Sequencer(config.ordering, position + 1)
        self._ring: ResumeRing[_Frame] = ResumeRing(config.ring, position)
        self._window: CoalescingWindow[_Frame] = CoalescingWindow(config.coalescing)
        self._retry = Retry(config.retry, random.Random())
        self._timer: asyncio.TimerHandle | None = None
        self._timer_at = 0.0
        self._filling: asyncio.Task[None] | None = None

    @property
    def position(self) -> int:
        return self._ring.position

    @property
    def idle(self) -> bool:
        """Nobody watches and nobody could resume from the ring."""
        self._ring.expire(self._clock())
        return not (self.edge or self.joining or self._ring)

    def receive(self, event: Published) -> None:
        """Take an event from the broker or from the log, in any order."""
        now = self._clock()
        for released in self._sequencer.offer(event.event.seq, event, now):
            self._accept(released, now)
        self._arm()

    def head_is(self, seq: int) -> None:
        self._sequencer.head_is(seq, self._clock())
        self._arm()

    async def join(self, viewer: Viewer, cursor: Cursor | None) -> None:
        """Bring a viewer from its cursor (None: the live head) to the live stream, with no gap and no overlap."""
        self.joining += 1
        try:
            position = await self._catch_up(viewer, cursor)
        finally:
            self.joining -= 1
        # No await from here on: what the ring holds and what comes next cannot drift apart.
        frames = self._ring.since(position) or []
        if frames:
            viewer.deliver(Batch.of([frame.event for frame in frames], [frame.text for frame in frames]))
        next_seq = self.position - len(self._window) + 1
        self.edge.attach(viewer, max(position, self.position), next_seq)

    def close(self) -> None:
        self.edge.close()
        if self._timer is not None:
            self._timer.cancel()
        if self._filling is not None:
            self._filling.cancel()

    def _accept(self, event: Published, now: float) -> None:
        frame = _Frame(event.event, log_text(event.event), event.stamps, now)
        self._ring.append(frame, len(frame.text), now)
        self._send(self._window.offer(frame, now))

    def _send(self, frames: list[_Frame]) -> None:
        if not frames:
            return
        start_s = self._clock()
        batch = Batch.of([frame.event for frame in frames], [frame.text for frame in frames])
        self.edge.broadcast(batch)
        if self._recorder is not None:
            self._record(self._recorder, frames, batch, start_s)

    def _record(self, recorder: Recorder, frames: list[_Frame], batch: Batch, start_s: float) -> None:
        recorder.fan_out(batch.first, batch.last, len(self.edge), len(batch.payload), start_s, self._clock())
        for frame in frames:
            if frame.stamps is not None and frame.event.kind is EventKind.COMMENT:
                recorder.comment(frame.event.seq, frame.stamps, frame.hub_s, start_s)

    def _arm(self, woken_at: float | None = None) -> None:
        """Wake at the next deadline; a timer that is set for earlier already is left to look again by itself."""
        at = next_wake(self._window.deadline, self._sequencer.deadline, woken_at=woken_at)
        if at is None or (self._timer is not None and self._timer_at <= at):
            return
        if self._timer is not None:
            self._timer.cancel()
        self._timer_at = at
        self._timer = asyncio.get_running_loop().call_at(at, self._wake)

    def _wake(self) -> None:
        self._timer = None
        now = self._clock()
        self._send(self._window.flush(now))
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

    async def _catch_up(self, viewer: Viewer, cursor: Cursor | None) -> int:
        """Send what has left the ring; answer the position that the ring can go on from."""
        if cursor is None:
            return self.position
        position = cursor.seq
        if cursor.epoch != self._log.epoch or await self._beyond(position):
            viewer.announce(gap_text(self._log.epoch, 1, self.position, "epoch"))
            return self.position
        if self._ring.since(position) is None and self.position - position - len(self._ring) > CATCH_UP_MAX:
            first, position = position + 1, self.position - len(self._ring)
            viewer.announce(gap_text(self._log.epoch, first, position, "too_old"))
        while self._ring.since(position) is None:
            last = min(position + READ_MAX, self.position - len(self._ring))
            viewer.deliver(encode(await self._log.read(self.stream, first=position + 1, last=last)))
            position = last
        return position

    async def _beyond(self, position: int) -> bool:
        """Whether the log does not reach that far; a history page may be ahead of the broker, never of the log."""
        return position > self.position and position > (await self._log.heads([self.stream]))[self.stream]


class Hub:
    """All streams of this edge."""

    def __init__(self, log: CommentLog, config: HubConfig, clock: Clock, recorder: Recorder | None = None) -> None:
        self._log = log
        self._config = config
        self._clock = clock
        self._recorder = recorder
        self._streams: dict[str, StreamHub] = {}
        self._opening: dict[str, asyncio.Task[StreamHub]] = {}

    @property
    def viewers(self) -> int:
        return sum(len(stream.edge) for stream in self._streams.values())

    def receive(self, message: Published | Aggregate) -> None:
        """Take a message from the broker; a stream that nobody watches needs none."""
        if isinstance(message, Aggregate):
            if stream := self._streams.get(message.stream):
                stream.edge.announce(event_text(message.name, encode_json(message.data)))
        elif stream := self._streams.get(message.event.stream):
            stream.receive(message)

    async def join(self, name: str, viewer: Viewer, cursor: Cursor | None) -> Callable[[], None]:
        """Attach a viewer; call the answer when it has gone."""
        stream = self._streams.get(name) or await self._open(name)
        await stream.join(viewer, cursor)
        return lambda: stream.edge.detach(viewer)

    async def run(self) -> None:
        """Ask for heads, send heartbeats, forget idle streams and flush measurements, until cancelled."""
        heartbeat_at = self._clock() + self._config.heartbeat_s
        while True:
            await asyncio.sleep(self._config.heads_s)
            if self._clock() >= heartbeat_at:
                heartbeat_at += self._config.heartbeat_s
                self._announce(HEARTBEAT_TEXT)
            self._forget_idle()
            if self._recorder is not None:
                self._recorder.flush()
            await self._check_heads()

    def close(self) -> None:
        for stream in self._streams.values():
            stream.close()
        self._streams.clear()

    async def _open(self, name: str) -> StreamHub:
        opening = self._opening.get(name)
        if opening is None:
            opening = asyncio.get_running_loop().create_task(self._start(name))
            self._opening[name] = opening
        return await asyncio.shield(opening)

    async def _start(self, name: str) -> StreamHub:
        try:
            position = (await self._log.heads([name]))[name]
            stream = StreamHub(name, position, self._log, self._config, self._clock, self._recorder)
            self._streams[name] = stream
        finally:
            del self._opening[name]
        # A comment committed after that head was read, but published before the hub listened, shows up here.
        stream.head_is((await self._log.heads([name]))[name])
        return stream

    async def _check_heads(self) -> None:
        try:
            heads = await self._log.heads([name for name, stream in self._streams.items() if stream.edge])
        except LogUnavailable:
            return  # the next round asks again
        for name, seq in heads.items():
            if stream := self._streams.get(name):
                stream.head_is(seq)

    def _announce(self, text: str) -> None:
        for stream in self._streams.values():
            stream.edge.announce(text)

    def _forget_idle(self) -> None:
        for name in [name for name, stream in self._streams.items() if stream.idle]:
            self._streams.pop(name).close()
