"""What authors were told and viewers saw, and what must be so of it whatever happened between.

Positions are (epoch, seq). The checks are pure: they get a record and the history read at the end, and answer in words
what is wrong.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

Place = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Acknowledged:
    """A comment's author was told of its place; times are monotonic."""

    id: str
    text: str
    place: Place
    meant_s: float
    told_s: float
    tries: int


@dataclass(frozen=True, slots=True)
class Seen:
    """One message of a viewer: an event of the log, or a range (`gap`, `shed`) that ends at its place."""

    kind: str
    place: Place
    at_s: float
    id: str = ""
    first: int = 0  # of a range
    deleted: bool = False  # the comment that it shows or carries is redacted
    reason: str = ""


@dataclass(slots=True)
class Viewed:
    """All that one viewer saw, from after ``start`` on."""

    name: str
    start: Place
    seen: list[Seen] = field(default_factory=list)
    ended: str = ""  # why it stopped following, if it did


@dataclass(slots=True)
class Record:
    acknowledged: list[Acknowledged] = field(default_factory=list)
    deleted: set[str] = field(default_factory=set)  # whose deletion was acknowledged
    refused: int = 0  # posts that were given up
    unmade: int = 0  # posts that were not even tried, since too many had no answer yet
    retried: int = 0
    viewers: list[Viewed] = field(default_factory=list)
    reactions: dict[str, int] = field(default_factory=dict)  # accepted and not taken back, by comment


def broken(record: Record, history: Sequence[Mapping[str, Any]], head: Place) -> list[str]:
    """Everything that must not be; empty when all is well. ``history``: the stream's comments, as they are now."""
    found = [*_stored_once(record, history), *_redacted(record, history), *miscounted(record, history)]
    for viewer in record.viewers:
        found += [f"{viewer.name}: {what}" for what in (*_in_order(viewer), *_complete(viewer, head), *_undead(viewer))]
    return found


def lost_with_an_epoch(record: Record, history: Sequence[Mapping[str, Any]], epoch: int) -> set[str]:
    """Comments that hot-first has acknowledged and lost; everybody was told by a new epoch, so those of it are not."""
    stored = {each["id"] for each in history}
    return {each.id for each in record.acknowledged if each.id not in stored and each.place[0] < epoch}


def _stored_once(record: Record, history: Sequence[Mapping[str, Any]]) -> list[str]:
    places = {each["id"]: each["seq"] for each in history}
    found = [f"{each.id} {each.place} was acknowledged and is not stored" for each in record.acknowledged
             if each.id not in places]  # fmt: skip
    found += [
        f"{each.id} was acknowledged at {each.place} and is at {places[each.id]}"
        for each in record.acknowledged if places.get(each.id, each.place[1]) != each.place[1]
    ]  # fmt: skip
    texts = Counter(each["text"] for each in history if not each.get("deleted") and not each.get("edited"))
    found += [f"{text!r} is stored {count} times" for text, count in texts.items() if count > 1]
    return found


def _redacted(record: Record, history: Sequence[Mapping[str, Any]]) -> list[str]:
    return [f"{each['id']} was deleted and can be read" for each in history
            if each["id"] in record.deleted and not each.get("deleted")]  # fmt: skip


def miscounted(record: Record, history: Sequence[Mapping[str, Any]]) -> list[str]:
    """Comments whose reactions are not what was accepted of them; what was deleted meanwhile has none."""
    left = [each for each in history if each["id"] in record.reactions and not each.get("deleted")]
    shown = {each["id"]: sum(each["reactions"].values()) for each in left}
    return [
        f"{comment} has {shown[comment]} reactions, and {count} were accepted"
        for comment, count in record.reactions.items() if shown.get(comment, count) != count
    ]  # fmt: skip


def _in_order(viewer: Viewed) -> list[str]:
    return [
        f"{later.kind} {later.place} came after {earlier.kind} {earlier.place}"
        for earlier, later in pairwise(viewer.seen) if later.place <= earlier.place
    ]  # fmt: skip


def _complete(viewer: Viewed, head: Place) -> list[str]:
    """Every place up to the head was seen, or a notice said that it was left out."""
    if viewer.ended:
        return [f"stopped following: {viewer.ended}"]
    at, found = viewer.start, []
    for seen in viewer.seen:
        anew = seen.reason == "epoch"
        covers = seen.first if seen.first else seen.place[1]
        if not anew and (seen.place[0], covers) > (at[0], at[1] + 1):
            found.append(f"nothing was said of {at[1] + 1} to {covers - 1}")
        at = seen.place
    if at < head:
        found.append(f"saw nothing after {at}, and the head is {head}")
    return found


def _undead(viewer: Viewed) -> list[str]:
    gone: set[str] = set()
    found = []
    for seen in viewer.seen:
        if seen.kind == "delete":
            gone.add(seen.id)
        elif seen.id in gone and not seen.deleted:
            found.append(f"{seen.kind} {seen.place} shows {seen.id}, which was deleted before")
    return found
