"""The viewers of a stream on this edge: who is in which room, and who is shown what.

hall      one room for all, while the stream is not divided
rooms     a thousand viewers each; a comment goes to its author's room
staff     moderators, who see everything where others do not
"""

import random
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import chain

from reference_impl.auth.identity import Capability, Identity
from reference_impl.display import budget_of
from reference_impl.edge import Edge
from reference_impl.policy.audience import about
from reference_impl.policy.coalescing import CoalescingConfig
from reference_impl.policy.degradation import Relief
from reference_impl.policy.rooms import Change, Rooms, RoomsConfig
from reference_impl.policy.timer import next_wake
from reference_impl.ports import Clock, Viewer
from reference_impl.protocol.message import Frame, Parting, notice
from reference_impl.protocol.streams import StreamSettings
from reference_impl.room import Entry, Room, RoomConfig, Sent

HALL, STAFF = "", "staff"


@dataclass(frozen=True, slots=True)
class Guest:
    """Who a viewer is to the rooms: the key that says which is his, and the names he goes by."""

    key: str
    handles: frozenset[str] = frozenset()
    staff: bool = False


def room_key(user: str, room: str | None) -> str:
    """Whoever names a room is with the others who named it, wherever that is; a user's own place is always the same."""
    return f"room:{room}" if room else f"user:{user}"


@dataclass(frozen=True, slots=True, kw_only=True)
class AudienceConfig:
    """What the rooms of a stream are made of."""

    stream: str
    epoch: int
    rooms: RoomsConfig
    coalescing: CoalescingConfig
    new_edge: Callable[[], Edge]
    clock: Clock
    sent: Sent


class Audience:
    """``position`` is the last event that was offered."""

    def __init__(self, config: AudienceConfig, settings: StreamSettings, position: int) -> None:
        self.position = position
        self._config = config
        self._settings = settings
        self._guests: dict[Viewer, Guest] = {}
        self._by_handle: dict[str, dict[Viewer, None]] = {}
        self._plan: Rooms | None = None
        self._rooms: dict[str, Room] = {}
        self._relief = Relief()
        self._open_rooms()

    def __len__(self) -> int:
        return sum(len(room.edge) for room in self._rooms.values())

    def __iter__(self) -> Iterator[Viewer]:
        return chain.from_iterable([room.edge for room in self._rooms.values()])

    @property
    def deadline(self) -> float | None:
        """When `flush` is due."""
        return next_wake(*[room.deadline for room in self._rooms.values()])

    def guest(self, identity: Identity | None, room: str | None) -> Guest:
        """Say who somebody is, by his token and the room he names; one that is full is not to be named."""
        key = room_key(identity.user if identity else f"?{random.getrandbits(64):x}", None)
        if room and (self._plan is None or self._plan.crowd(room_key("", room)) < self._config.rooms.split_at):
            key = room_key("", room)
        if identity is None:
            return Guest(key)
        handles = frozenset(each.casefold() for each in (identity.user, identity.name) if each)
        return Guest(key, handles, identity.may(Capability.MODERATE, self._config.stream))

    def room_of(self, guest: Guest) -> Room:
        if guest.staff and STAFF in self._rooms:
            return self._rooms[STAFF]
        return self._rooms[HALL if self._plan is None else self._plan.of(guest.key)]

    def shows(self, room: Room, entry: Entry) -> bool:
        """Whether those in a room were shown an event."""
        if room.shows_all or entry.priority:
            return True
        return entry.shown and (self._plan is None or self._plan.of(entry.room_key) == room.name)

    def enter(self, viewer: Viewer, guest: Guest, position: int) -> None:
        """Let a viewer in who has everything up to ``position``."""
        self._know(viewer, guest)
        self._attach(viewer, position)
        if self._plan is not None and not guest.staff:
            self._rearrange(self._plan.enter(guest.key))
        self._tell_room([viewer])

    def leave(self, viewer: Viewer) -> int:
        """Let a viewer go; the answer is how far it is ahead of the others, else 0."""
        guest = self._guests.get(viewer)
        if guest is None:
            return 0
        room = self.room_of(guest)
        position = room.edge.release(viewer)
        room.forget(viewer)
        del self._guests[viewer]
        for handle in guest.handles:
            del self._by_handle[handle][viewer]
            if not self._by_handle[handle]:
                del self._by_handle[handle]
        if self._plan is not None and not guest.staff:
            self._rearrange(self._plan.leave(guest.key))
        return position

    def identify(self, viewer: Viewer, identity: Identity) -> None:
        """A viewer says who he is after he has come in: what concerns him reaches him from now on, where he sits."""
        guest = self._guests.get(viewer)
        if guest is None:
            return
        known = replace(self.guest(identity, None), key=guest.key)
        here, there = self.room_of(guest), self.room_of(known)
        for room in (here, there):
            room.settle(self.position)
        ahead = self.leave(viewer)
        self.enter(viewer, known, max(ahead, self.position))

    def offer(self, entry: Entry, now: float) -> None:
        """Show an event to those whom it is for."""
        self.position = entry.seq
        rooms = self._rooms_for(entry)
        for viewer in self._concerned(entry):
            room = self.room_of(self._guests[viewer])
            room.concerns(viewer, entry, offered=room in rooms, now=now)
        for room in rooms:
            room.offer(entry, now)

    def flush(self, now: float) -> None:
        for room in list(self._rooms.values()):
            room.flush(self.position, now)

    def account(self) -> None:
        """Tell of what has been shed since the last frame."""
        for room in list(self._rooms.values()):
            room.account(self.position)

    def configure(self, settings: StreamSettings) -> None:
        """Go by other settings from the next event on; nobody misses anything on the way."""
        before, self._settings = self._settings, settings
        if (before.display, before.display_per_s, before.rooms) == (
            settings.display, settings.display_per_s, settings.rooms
        ):  # fmt: skip
            return
        for room in self._rooms.values():
            room.settle(self.position)
        moved = [(viewer, room.edge.release(viewer)) for room in self._rooms.values() for viewer in list(room.edge)]
        self._open_rooms()
        for viewer, ahead in moved:
            self.enter(viewer, self._guests[viewer], max(ahead, self.position))

    def relieve(self, relief: Relief) -> None:
        """Show less, and less often, or as before again."""
        self._relief = relief
        for room in self._rooms.values():
            room.relieve(relief)

    def broadcast(self, frame: Frame) -> None:
        """Tell everybody something that is no event of the log."""
        for room in self._rooms.values():
            room.edge.broadcast(frame)

    def close(self, parting: Parting) -> None:
        for room in self._rooms.values():
            room.edge.close(parting)

    def _know(self, viewer: Viewer, guest: Guest) -> None:
        self._guests[viewer] = guest
        for handle in guest.handles:
            self._by_handle.setdefault(handle, {})[viewer] = None

    def _open_rooms(self) -> None:
        self._plan = Rooms(self._config.rooms) if self._settings.rooms else None
        self._rooms = {HALL: self._new_room(HALL)}
        if not self._rooms[HALL].shows_all:
            self._rooms[STAFF] = self._new_room(STAFF)

    def _new_room(self, name: str) -> Room:
        config = self._config
        if name == STAFF:
            of_room = RoomConfig(coalescing=config.coalescing)
        else:
            budget = budget_of(config.stream, self._settings)
            of_room = RoomConfig(coalescing=config.coalescing, budget=budget, parted=self._settings.rooms)
        room = Room(name, config.epoch, self.position, of_room, config.new_edge(), config.clock, config.sent)
        room.relieve(self._relief)
        return room

    def _concerned(self, entry: Entry) -> Iterator[Viewer]:
        """Whom an event is to reach although others are not shown it."""
        if len(self._rooms) > 1 and not entry.priority:
            for handle in entry.handles:
                yield from self._by_handle.get(handle, ())

    def _rooms_for(self, entry: Entry) -> Iterable[Room]:
        if self._plan is None or entry.priority:
            return list(self._rooms.values())
        return self._rooms[self._plan.of(entry.room_key)], self._rooms[STAFF]

    def _attach(self, viewer: Viewer, position: int) -> None:
        room = self.room_of(self._guests[viewer])
        room.edge.attach(viewer, position, room.accounted + 1)

    def _rearrange(self, change: Change | None) -> None:
        """Move those whose room is divided or joined: first they are told all that was, then they change places."""
        if change is None:
            return
        old = [self._rooms[name] for name in change.old]
        for room in old:
            room.settle(self.position)
            del self._rooms[room.name]
        self._rooms |= {name: self._new_room(name) for name in change.new}
        moved = [viewer for room in old for viewer in list(room.edge)]
        for room in old:
            for viewer in list(room.edge):
                self._attach(viewer, max(room.edge.release(viewer), self.position))
        self._tell_room(moved)

    def _tell_room(self, viewers: Iterable[Viewer]) -> None:
        if self._plan is None:
            return
        frames: dict[str, Frame] = {}
        for viewer in viewers:
            room = self.room_of(self._guests[viewer])
            if room.name not in frames:
                count, error = about(len(room.edge))
                frames[room.name] = Frame([notice("room", {"room": room.name, "viewers": count, "error": error})])
            viewer.deliver(frames[room.name])
