"""Rooms: a stream's viewers in groups of about a thousand, small enough that a comment is seen by those around it.

A room is a leaf of a binary tree over the hash of its members' keys (extendible hashing; Fagin et al., 1979), named by
the bits that its members share. A full room splits by the next bit and a small one joins its sibling, so only members
of rooms that change are moved, and a key is at home in the same corner whenever it comes back. Who shares a key shares
a room: friends who follow the same link. Between splitting at 1,500 and merging at 500 nothing happens at all.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import blake2b

DEPTH_MAX = 24  # bits of a room's name; past it a room grows, and a key of such a crowd is one name


@dataclass(frozen=True, slots=True, kw_only=True)
class RoomsConfig:
    split_at: int = 1_500  # members; one more and the room is divided
    merge_at: int = 500  # members; one less and the room joins its sibling, if both together have room

    def __post_init__(self) -> None:
        if not 0 < 2 * self.merge_at < self.split_at:
            raise ValueError(f"split_at must be over twice merge_at, got {self.split_at} and {self.merge_at}")


@dataclass(frozen=True, slots=True)
class Change:
    """Members of ``old`` rooms belong to the ``new`` ones; `Rooms.of` says who to which."""

    old: tuple[str, ...]
    new: tuple[str, ...]


class Rooms:
    """Begins with one room, whose name is empty."""

    def __init__(self, config: RoomsConfig) -> None:
        self._config = config
        self._members: dict[str, Counter[str]] = {"": Counter()}  # by room: its keys, which several viewers may have
        self._sizes = {"": 0}

    def __iter__(self) -> Iterator[str]:
        return iter(self._members)

    def size(self, room: str) -> int:
        return self._sizes[room]

    def of(self, key: str) -> str:
        """Answer the room that a key belongs to, whether or not it is there."""
        bits = _bits(key)
        return next(bits[:depth] for depth in range(DEPTH_MAX + 1) if bits[:depth] in self._members)

    def enter(self, key: str) -> Change | None:
        """Count a viewer in; the answer says which room is divided by it."""
        room = self.of(key)
        self._members[room][key] += 1
        self._sizes[room] += 1
        return self._split(room) if self.size(room) > self._config.split_at else None

    def leave(self, key: str) -> Change | None:
        """Count a viewer out; the answer says which rooms are joined by it."""
        room = self.of(key)
        members = self._members[room]
        members[key] -= 1
        if not members[key]:
            del members[key]
        self._sizes[room] -= 1
        return self._merge(room) if room and self._sizes[room] < self._config.merge_at else None

    def crowd(self, key: str) -> int:
        """How many share a key."""
        return self._members[self.of(key)][key]

    def _split(self, room: str) -> Change | None:
        if len(room) >= DEPTH_MAX:
            return None
        halves = {room + "0": Counter[str](), room + "1": Counter[str]()}
        for key, count in self._members.pop(room).items():
            halves[_bits(key)[: len(room) + 1]][key] = count
        del self._sizes[room]
        self._members |= halves
        self._sizes |= {half: members.total() for half, members in halves.items()}
        return Change((room,), tuple(halves))

    def _merge(self, room: str) -> Change | None:
        sibling, parent = room[:-1] + ("1" if room[-1] == "0" else "0"), room[:-1]
        if sibling not in self._members or self.size(room) + self.size(sibling) > 2 * self._config.merge_at:
            return None
        self._members[parent] = self._members.pop(room) + self._members.pop(sibling)
        self._sizes[parent] = self._sizes.pop(room) + self._sizes.pop(sibling)
        return Change((room, sibling), (parent,))


def _bits(key: str) -> str:
    number = int.from_bytes(blake2b(key.encode(), digest_size=4).digest())
    return f"{number:032b}"[:DEPTH_MAX]
