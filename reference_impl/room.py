"""Viewers of a stream who are shown the same: its display budget, its coalescing window and their edge.

    offer --> DisplayBudget --> CoalescingWindow --> one frame for everybody here
                                                 \\-> a frame of his own for whom something else concerns

Every frame goes on where the one before has ended and accounts for all events up to its own end: each is in it, or
among those that its `shed` counts. A viewer's own comments, and those that mention him, are not shed for him.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

from reference_impl.edge import Edge
from reference_impl.policy.coalescing import CoalescingConfig, CoalescingWindow
from reference_impl.policy.degradation import Relief
from reference_impl.policy.display_budget import Candidate, DisplayBudget, DisplayBudgetConfig
from reference_impl.policy.timer import next_wake
from reference_impl.ports import Clock, Stamps, Viewer
from reference_impl.protocol.message import Frame, Message, Shedding, shown_of

PERSONAL_MAX = 1_000  # comments of others held for one viewer in a window; past it the oldest are shed for him too


@dataclass(slots=True, eq=False)
class Entry:
    """An event on its way through the ring and the rooms; of a comment that is deleted meanwhile nothing is left."""

    message: Message
    id: str
    at_ms: int
    is_comment: bool
    priority: bool
    room_key: str  # whose room it belongs to
    handles: frozenset[str]  # whom it concerns
    stamps: Stamps | None
    hub_s: float
    shown: bool = False  # in its room

    @property
    def seq(self) -> int:
        return self.message.seq


@dataclass(slots=True, kw_only=True)
class RoomConfig:
    coalescing: CoalescingConfig
    budget: DisplayBudgetConfig | None = None  # None: everything is shown
    parted: bool = False  # there are other rooms, whose comments are not shown here


Sent = Callable[[list[Entry], Frame, float], None]
"""Told of a fan-out: what was shown, in which frame, and when it began."""


@dataclass(slots=True, eq=False)
class Room:
    """``accounted`` is the last event that the viewers here know of."""

    name: str
    epoch: int
    accounted: int
    config: RoomConfig
    edge: Edge
    clock: Clock
    sent: Sent
    _budget: DisplayBudget[Entry] | None = field(init=False)
    _window: CoalescingWindow[Entry] = field(init=False)
    _personal: dict[Viewer, list[Entry]] = field(init=False, default_factory=dict)
    _personal_at: float | None = field(init=False, default=None)  # when those are due that nothing else brings along

    def __post_init__(self) -> None:
        budget = self.config.budget
        self._budget = None if budget is None else DisplayBudget(budget)
        self._window = CoalescingWindow(self.config.coalescing)

    @property
    def deadline(self) -> float | None:
        """When `flush` is due."""
        budget = self._budget.deadline if self._budget else None
        return next_wake(self._window.deadline, budget, self._personal_at)

    @property
    def shows_all(self) -> bool:
        return self._budget is None and not self.config.parted

    @property
    def shedding(self) -> Shedding:
        """Why somebody here is not shown all."""
        budget = self.config.budget
        return Shedding("room" if self.config.parted else "budget", budget.window_ms if budget else 0)

    def offer(self, entry: Entry, now: float) -> None:
        """Take an event that may be shown here; it is the latest of the stream."""
        if self._budget is None:
            self._show([entry], entry.seq, now)
        else:
            offered = Candidate(entry, entry.seq, entry.at_ms, entry.id, entry.priority)
            self._show([each.item for each in self._budget.offer(offered, now)], entry.seq, now)

    def concerns(self, viewer: Viewer, entry: Entry, *, offered: bool, now: float) -> None:
        """This viewer is to have it even if it is shed, or is not even offered here."""
        if self.shows_all:
            return
        held = self._personal.setdefault(viewer, [])
        held.append(entry)
        del held[:-PERSONAL_MAX]
        if not offered and self._personal_at is None:
            self._personal_at = now + self.config.coalescing.window_s * self._window.factor

    def flush(self, position: int, now: float) -> None:
        """Send what is due; ``position`` is the last event of the stream."""
        if self._budget is not None:
            self._show([each.item for each in self._budget.flush(now)], position, now)
        batch = self._window.flush(now)
        if batch or (self._personal_at is not None and now >= self._personal_at):
            self._send(batch, position)

    def account(self, position: int) -> None:
        """Tell of what has been shed since the last frame, when nothing else is about to be sent."""
        if not self._window:
            self._send([], position)

    def settle(self, position: int) -> None:
        """Send whatever waits, so that everybody here knows of everything."""
        now = self.clock()
        if self._budget is not None:
            self._show([each.item for each in self._budget.end()], position, now)
        self._send(self._window.take(now), position)

    def relieve(self, relief: Relief) -> None:
        """Have less to do from the next window on, or as much as before again."""
        self._window.factor = relief.window_factor
        if self._budget is not None:
            self._budget.cut(relief.budget_factor)

    def forget(self, viewer: Viewer) -> None:
        self._personal.pop(viewer, None)

    def frame(self, entries: list[Entry], first: int, last: int) -> Frame:
        """What one is sent of ``first..last`` who is shown these."""
        return shown_of(self.epoch, first, last, [entry.message for entry in entries], self.shedding)

    def _show(self, entries: list[Entry], position: int, now: float) -> None:
        if not self.shows_all:
            for entry in entries:
                entry.shown = True
        if entries and (batch := self._window.offer_all(entries, now)):
            self._send(batch, position)

    def _send(self, entries: list[Entry], position: int) -> None:
        self._personal_at = None
        first, last = self.accounted + 1, self._decided(position)
        if last < first or (not entries and self.shows_all):
            return
        start_s = self.clock()
        own = self._own_frames(entries, first, last)
        frame = self.frame(entries, first, last)
        self.accounted = last
        self.edge.broadcast(frame, own)
        self._window.sent(self.clock())
        self.sent(entries, frame, start_s)

    def _decided(self, position: int) -> int:
        """Up to where it is known what is shown."""
        pending = self._budget.pending if self._budget else None
        return position if pending is None else pending - 1

    def _own_frames(self, entries: list[Entry], first: int, last: int) -> dict[Viewer, Frame]:
        frames: dict[Viewer, Frame] = {}
        sent = set(entries)
        for viewer, held in list(self._personal.items()):
            missed = [entry for entry in held if entry.seq <= last and entry not in sent]
            self._personal[viewer] = [entry for entry in held if entry.seq > last]
            if not self._personal[viewer]:
                del self._personal[viewer]
            if missed:
                own = sorted({*sent, *missed}, key=lambda entry: entry.seq)
                frames[viewer] = self.frame(own, first, last)
        return frames
