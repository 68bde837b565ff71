"""Everything that a viewer may be sent, and may send: what it holds and when it comes.

Tests hold this table against the code that makes the messages; the pages' reference of events is made of it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class Position(StrEnum):
    """What a message's ``id`` is, which a client resumes after."""

    EVENT = "its place in the log"
    RANGE = "the last place that it accounts for"
    NONE = "none"


class Way(StrEnum):
    SSE = "SSE"
    WEBSOCKET = "WebSocket"
    POLL = "long poll"
    SEGMENTS = "segments"


EVERYWHERE = tuple(Way)
CONNECTED = (Way.SSE, Way.WEBSOCKET)
NOT_CACHED = (*CONNECTED, Way.POLL)


@dataclass(frozen=True, slots=True, kw_only=True)
class Described:
    """A kind of message; ``fields`` are those of its data, each with what it means."""

    name: str
    when: str
    fields: Mapping[str, str]
    position: Position = Position.EVENT
    ways: tuple[Way, ...] = EVERYWHERE


_PLACE = {
    "id": "UUIDv7 of the event",
    "seq": "its number in the stream's log, from 1 without a hole",
    "cursor": "`epoch:seq`",
    "created_at": "RFC 3339, UTC",
}
_ABOUT = {**_PLACE, "comment_id": "the comment that it is about, or null"}

EVENTS = (
    Described(
        name="comment",
        when="A comment is durable.",
        fields={
            **_PLACE,
            "parent_id": "the comment that it answers, or null",
            "mentions": "names after an @",
            "reply_count": "how many answer it",
            "reactions": "counts by emoji",
            "author": "`id`, `name`, `avatar`, `badges`",
            "text": "to be shown as text, never as markup",
            "role": "`host` or `moderator`, if it is theirs: never shed",
            "room": "the room that its author had named, if any",
            "edited": "true once it was",
            "deleted": "true once it was; nothing else is left",
        },
    ),
    Described(
        name="edit",
        when="A comment has another text; it is carried as it is now.",
        fields={**_ABOUT, "comment": "the whole comment"},
    ),
    Described(
        name="delete", when="A comment is gone, here and in every replay. Remove it from the screen.", fields=_ABOUT
    ),
    Described(
        name="pin",
        when="A comment is pinned in place of the one that was.",
        fields={**_ABOUT, "comment": "the whole comment"},
    ),
    Described(name="unpin", when="Nothing is pinned any more.", fields=_ABOUT),
    Described(
        name="settings",
        when="Settings of the stream were changed.",
        fields={**_ABOUT, "…": "all settings but the rules"},
    ),
    Described(
        name="state",
        when="The stream was closed, archived, opened again or renamed.",
        fields={**_ABOUT, "state": "`open`, `closed` or `archived`, if it changed", "title": "if it changed"},
    ),
    Described(
        name="ban",
        when="A user is shut out. His open connections end.",
        fields={**_ABOUT, "user": "who", "until_ms": "Unix time, or null for good"},
    ),
    Described(name="unban", when="A ban is lifted.", fields={**_ABOUT, "user": "who"}),
    Described(
        name="void",
        when="A partition did not fill a place that it had been given in time. Nothing to show.",
        fields=_ABOUT,
    ),
)
"""Events of the log: everybody gets each once, in order, or is told by a range what was left out."""

RANGES = (
    Described(
        name="gap",
        when="This connection skips events: read them from history.",
        fields={
            "from": "the first `seq` that is left out",
            "to": "the last",
            "count": "how many",
            "reason": "`slow`, `too_old` or `epoch`",
        },
        position=Position.RANGE,
        ways=NOT_CACHED,
    ),
    Described(
        name="shed",
        when="Comments of a stretch are not shown on purpose; messages of that stretch come before it, without ids.",
        fields={
            "from": "the first `seq` of the stretch",
            "to": "the last",
            "shown": "how many of it were shown",
            "dropped": "how many were not",
            "window_ms": "over how long the budget is measured",
            "reason": "`budget`, or `room`: it is another room's",
        },
        position=Position.RANGE,
    ),
)
"""What accounts for events that are not sent."""

NOTICES = (
    Described(
        name="hello",
        when="First of all: the stream as it stands.",
        fields={
            "name": "of the stream",
            "title": "of the stream",
            "state": "`open`, `closed` or `archived`",
            "opened_at": "RFC 3339, UTC",
            "settings": "all but the rules",
            "pinned_id": "the pinned comment's id, or null",
            "pinned": "the pinned comment itself, or null",
            "viewers": "`count` and `error`",
            "heartbeat_ms": "how often a heartbeat comes",
            "server_time_ms": "Unix time",
        },
        position=Position.NONE,
        ways=NOT_CACHED,
    ),
    Described(
        name="heartbeat",
        when="Every 15 s, unless the server was started otherwise.",
        fields={"server_time_ms": "Unix time"},
        position=Position.NONE,
        ways=NOT_CACHED,
    ),
    Described(
        name="viewers",
        when="The number of viewers has changed, once in five seconds at most.",
        fields={"count": "about how many", "error": "right within so many"},
        position=Position.NONE,
        ways=NOT_CACHED,
    ),
    Described(
        name="typing",
        when="Somebody is typing, once a second at most; not on an overloaded server.",
        fields={"users": "how many", "names": "some of them"},
        position=Position.NONE,
        ways=NOT_CACHED,
    ),
    Described(
        name="reactions",
        when="Reactions were stored, once a second at most; the eight largest changes.",
        fields={"window_ms": "over how long", "counts": "a list of `comment_id`, `emoji`, `delta`, `count`"},
        position=Position.NONE,
        ways=NOT_CACHED,
    ),
    Described(
        name="room",
        when="The viewer is in another room than before.",
        fields={"room": "its name", "viewers": "about how many are in it", "error": "right within so many"},
        position=Position.NONE,
        ways=NOT_CACHED,
    ),
    Described(
        name="reconnect",
        when="The server is about to end: come back after that time, not earlier.",
        fields={"after_ms": "the viewer's slot"},
        position=Position.NONE,
        ways=NOT_CACHED,
    ),
    Described(
        name="end",
        when="The connection ends, and is not wanted back as it is.",
        fields={"reason": "`token_expired` or `forbidden`"},
        position=Position.NONE,
        ways=CONNECTED,
    ),
    Described(
        name="answer",
        when="What the viewer sent is done, or refused.",
        fields={"ref": "the message's own", "status": "as over HTTP", "body": "as over HTTP"},
        position=Position.NONE,
        ways=(Way.WEBSOCKET,),
    ),
)
"""What may be lost: nobody resumes after it."""

SAID = {
    "auth": {"token": "an access token: for what follows, and in place of one that ends"},
    "post": {"idempotency_key": "chosen by the client, one per comment", "data": "as the body of a post over HTTP"},
    "react": {"data": "as over HTTP, and `given: false` to take it back"},
    "typing": {},
}
"""What a viewer may send over a WebSocket: a `type` of these, with a `ref` that comes back in the `answer`."""
