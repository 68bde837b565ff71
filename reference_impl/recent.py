"""A stream's newest comments in a cache that all servers share, so that a crowd's pages do not ask the database.

A window holds all comments with ``from <= seq <= through`` as they are after event ``through``, at the least. Who
commits an event brings it there (`recent_writes`); who reads knows the log's head, a second old at the most, and so
finds what was not brought, and reads that from the log. A window is there for as long as it is read. It grows as far
back as pages are asked for, and is made anew every few seconds, which brings what no event tells: counts of reactions
and changed names.

The cache is never the truth: when it is away, slow or wrong, pages come from the log.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

from reference_impl.following import LogReader
from reference_impl.policy.recent_window import Recall, Wanted, Window
from reference_impl.ports import History
from reference_impl.protocol.events import Event, EventKind

CONCERNED_MAX = 50  # older comments that a stretch of events changes; with more of them the window is made anew

_CONCERNING = {EventKind.COMMENT, EventKind.EDIT, EventKind.DELETE}  # those with a target change how it looks


@dataclass(frozen=True, slots=True)
class Recalled:
    recall: Recall
    first: int = 0  # where the window begins
    through: int = 0
    comments: list[Event] = field(default_factory=list)
    size: int = 0  # comments in the window
    age_s: float = 0.0
    cost_s: float = 0.0  # of making it

    @property
    def window(self) -> Window:
        return Window(self.first, self.through, self.size)


@dataclass(frozen=True, slots=True)
class Changes:
    """What a stretch of events does: the ``places`` they take, and comments as they are after the event beside them.

    ``concerned``: the last event that changed an older comment.
    """

    epoch: int
    comments: Sequence[tuple[int, Event]]
    places: Sequence[tuple[int, int]]
    concerned: int = 0


@dataclass(frozen=True, slots=True)
class Built:
    """All comments with low <= seq <= high, as they are after event ``head`` at the least."""

    epoch: int
    head: int
    low: int
    high: int
    comments: Sequence[Event]
    cost_s: float


class RecentStore(Protocol):
    """Where the windows are; a hot stream has several copies. LogUnavailable says that it did not answer."""

    async def recall(self, stream: str, copy: int, copies: int, epoch: int, head: int, wanted: Wanted) -> Recalled:
        """Answer a page of a window that is at ``head`` at least; ``copies`` is how many its readers want."""
        ...

    async def remember(self, stream: str, changes: Changes, copy: int | None = None) -> None:
        """Bring changes into a window, or into all copies; where there is none, a stream's beginning makes one."""
        ...

    async def build(self, stream: str, copy: int, built: Built) -> None:
        """Make a window, make it anew, or let it reach further back."""
        ...

    async def forget(self, stream: str, copy: int) -> None: ...

    async def lease(self, stream: str, copy: int) -> bool:
        """Whether this process may make the window now: of several one at a time does."""
        ...


async def changes_of(
    log: LogReader, history: History, events: Sequence[Event], head: int | None = None
) -> Changes | None:
    """What events of one stream bring about; None when it is too much.

    ``head``: where the log was before they were read; None when they come straight from their commit.
    """
    stream, last = events[0].stream, max(event.seq for event in events)
    concerned = {event.target: event.seq for event in events if event.target and event.kind in _CONCERNING}
    if len(concerned) > CONCERNED_MAX:
        return None
    now = {event.id: (head or event.seq, event) for event in events if event.kind is EventKind.COMMENT}
    for target in concerned:
        found = await history.comment(stream, target)
        if found is not None:
            now[target] = head or last, found
    return Changes(log.epoch, list(now.values()), places_of(events), max(concerned.values(), default=0))


def places_of(events: Sequence[Event]) -> list[tuple[int, int]]:
    """The stretches without a hole that events take, as first and last ``seq``."""
    places: list[tuple[int, int]] = []
    for seq in sorted(event.seq for event in events):
        if places and seq == places[-1][1] + 1:
            places[-1] = places[-1][0], seq
        else:
            places.append((seq, seq))
    return places
