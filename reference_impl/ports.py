"""The seams to the outside: what the shells need of a log, a broker, a viewer and a clock."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from reference_impl.following import LogReader
from reference_impl.protocol.events import Draft, Event
from reference_impl.protocol.message import Frame, Parting
from reference_impl.protocol.problem import Kind
from reference_impl.protocol.segments import Span
from reference_impl.protocol.streams import Profile, Stream, StreamSettings

Clock = Callable[[], float]
"""Monotonic seconds, one clock for all processes of a machine."""


@dataclass(frozen=True, slots=True)
class Appended:
    """A draft's place in the log; ``replayed`` when an earlier request with the same key had put it there.

    ``announced``: the log itself has told the other processes.
    """

    event: Event
    replayed: bool = False
    announced: bool = False


@dataclass(frozen=True, slots=True)
class Held:
    """The comment is stored, but waits for a moderator."""

    id: str
    replayed: bool = False


@dataclass(frozen=True, slots=True)
class Refused:
    """The log cannot take this draft; nothing was stored for it, and the others of its commit are not affected."""

    kind: Kind
    detail: str


Answer = Appended | Held | Refused


class LogUnavailable(Exception):  # noqa: N818 - named for what the caller meets
    """The engine did not answer: disk full, locked, gone."""


class CommentLog(LogReader, Protocol):
    """The truth: an append-only log per stream, contiguous ``seq`` within an ``epoch``."""

    async def append(self, drafts: Sequence[Draft]) -> list[Answer]:
        """Make the drafts durable, all in one commit; LogUnavailable means that they may not be."""
        ...

    async def replay(self, draft: Draft) -> Answer | None:
        """Answer what an earlier request with the draft's key was answered, None when there was none."""
        ...

    async def close(self) -> None: ...


class History(Protocol):
    """The comments of a stream as they are now: edited, deleted, answered, reacted to."""

    async def after(self, stream: str, seq: int, limit: int) -> list[Event]:
        """Answer the first ``limit`` comments with a higher ``seq``, oldest first."""
        ...

    async def before(self, stream: str, seq: int, limit: int) -> list[Event]:
        """Answer the last ``limit`` comments with a lower ``seq``, oldest first."""
        ...

    async def replies(self, stream: str, comment: str, after_seq: int, limit: int) -> list[Event]: ...

    async def comment(self, stream: str, comment: str) -> Event | None: ...

    async def seq_at(self, stream: str, at_ms: int) -> int:
        """Answer the highest ``seq`` that was in the log before that time."""
        ...


class SegmentStore(Protocol):
    """A stream's log by seconds, counted from the stream's opening."""

    async def spans(self, stream: str, first: int, until: int, limit: int) -> tuple[list[Span], int]:
        """Answer the first seconds with first <= offset < until that have events, and the last ``seq`` before until."""
        ...

    async def segment(self, stream: str, offset: int) -> tuple[Span, list[Event]] | None:
        """Answer a second and its events as they are now, both of the same moment; None when it has none."""
        ...

    async def showing(self, stream: str, comment: str) -> list[int]:
        """Answer the seconds that show a comment: its own, and those of the edits and pins that carry it."""
        ...


class Cache(Protocol):
    """A cache in front of the server."""

    async def refresh(self, path: str) -> None:
        """Have its copy of an address replaced by what the server answers now; CacheUnavailable says why not."""
        ...


class CacheUnavailable(Exception):  # noqa: N818 - named for what the caller meets
    """The cache did not do as it was asked."""


class Directory(Protocol):
    """Streams and users."""

    async def create(self, stream: Stream) -> bool:
        """Store a new stream; False when its name is taken."""
        ...

    async def stream(self, name: str) -> Stream | None: ...

    async def streams(self, after: str, limit: int) -> list[Stream]:
        """Answer the streams that are not archived, by name."""
        ...

    async def bans(self, stream: str) -> dict[str, int | None]:
        """Answer who is banned, and until when (Unix ms; None: for good)."""
        ...

    async def profile(self, user: str) -> Profile | None: ...

    async def save(self, profile: Profile) -> None: ...


@dataclass(frozen=True, slots=True)
class Spread:
    """A changed profile that earlier comments do not show yet."""

    profile: Profile
    version: int


SettingsOf = Callable[[str], Awaitable[StreamSettings]]
"""Answers a stream's settings as they stand."""


class ProfileSpread(Protocol):
    """Brings changed profiles into the comments that were written before."""

    async def pending(self, limit: int) -> list[Spread]: ...

    async def spread(self, profile: Profile, stream: str, first: int, last: int) -> list[int]:
        """Rewrite the author in the user's comments with first <= seq <= last; answer the seconds that changed."""
        ...

    async def done(self, spread: Spread) -> None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldComment:
    """A comment that waits for a moderator."""

    id: str
    stream: str
    author: str
    created_at_ms: int
    reason: str
    data: dict[str, Any]
    target: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """A viewer's complaint about a comment."""

    id: str
    stream: str
    comment: str
    reporter: str
    reason: str
    note: str
    at_ms: int


class ReviewQueue(Protocol):
    """What waits for moderators: held comments and reports."""

    async def held(self, stream: str, after: str, limit: int) -> list[HeldComment]:
        """Answer the oldest held comments with an id after ``after``."""
        ...

    async def held_comment(self, stream: str, comment: str) -> HeldComment | None: ...

    async def drop_held(self, stream: str, comment: str) -> bool:
        """Forget a held comment that was denied; False when there is none."""
        ...

    async def report(self, report: Report) -> bool:
        """Store a report; False when this reporter had reported this comment before."""
        ...

    async def reports(self, stream: str, after: str, limit: int) -> list[Report]:
        """Answer the oldest reports with an id after ``after``."""
        ...


@dataclass(frozen=True, slots=True)
class Reaction:
    """A user's reaction to a comment, or to the stream itself when ``target`` is empty; given, or taken back."""

    stream: str
    target: str
    emoji: str
    user: str
    given: bool


class ReactionStore(Protocol):
    """Who reacted how; counts are exact for everything stored."""

    async def store(self, reactions: Sequence[Reaction]) -> dict[str, dict[tuple[str, str], int]]:
        """Apply in order, giving twice counts once; answer the changes of counts by stream and (target, emoji)."""
        ...

    async def counts(self, stream: str, targets: Sequence[str]) -> dict[str, dict[str, int]]:
        """Answer the counts by target and emoji."""
        ...


@dataclass(frozen=True, slots=True)
class Stamps:
    """When a comment passed each stage (monotonic seconds)."""

    received_s: float
    admitted_s: float
    durable_s: float


@dataclass(frozen=True, slots=True)
class Published:
    """An event on its way to the edges; ``stamps`` is None where it comes from the log instead."""

    event: Event
    stamps: Stamps | None
    announced: bool = False  # other processes know of it already


@dataclass(frozen=True, slots=True)
class Aggregate:
    """Something that is no log event, has no position and may be lost: counts of reactions."""

    stream: str
    name: str
    data: dict[str, Any] = field(default_factory=dict)


class Broker(Protocol):
    """A hint: may lose or reorder; never blocks or raises. Other processes' messages come for followed streams only."""

    def publish(self, message: Published | Aggregate) -> None: ...
    def subscribe(self, receive: Callable[[Published | Aggregate], None]) -> None: ...
    def follow(self, stream: str) -> None: ...
    def forget(self, stream: str) -> None: ...
    def status(self) -> Mapping[str, str | int]: ...
    def breakers(self) -> Mapping[str, Mapping[str, str | int]]: ...


class Viewer(Protocol):
    """One connection that follows a stream. Its methods never block and never raise."""

    def deliver(self, frame: Frame) -> None:
        """Send it, or queue it; one that cannot keep up may pass over notices."""
        ...

    async def drained(self) -> None:
        """Wait until what was delivered has left, or the connection has ended."""
        ...

    def ping(self) -> None:
        """Find out whether anybody is there, where the transport has a way."""
        ...

    def close(self, parting: Parting) -> None: ...


class Recorder(Protocol):
    """Takes the stage times of each comment and of each fan-out (``serve --measure``)."""

    def comment(self, seq: int, stamps: Stamps, hub_s: float, flushed_s: float) -> None: ...

    def fan_out(self, first: int, last: int, viewers: int, size_bytes: int, start_s: float, end_s: float) -> None: ...

    def flush(self) -> None:
        """Let readers of the file see what has been recorded; called about once a second."""
        ...
