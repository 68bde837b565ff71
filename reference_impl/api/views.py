"""What the API answers with, as its documentation shows it."""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from reference_impl.ports import HeldComment, Report
from reference_impl.protocol.events import Event, iso
from reference_impl.protocol.streams import Profile, Stream

UUID_EXAMPLE = "019ab2d4-7c3e-7000-8000-3f6a5b2c1d00"
TIME_EXAMPLE = "2026-11-23T08:00:00.123+00:00"


class AuthorView(BaseModel):
    id: str = Field(examples=["ada"])
    name: str = Field(examples=["Ada"])
    avatar: str | None = Field(description="Address of a picture.", examples=["https://example.org/ada.png"])
    badges: list[str] = Field(examples=[["moderator"]])


class CommentView(BaseModel):
    """A comment with all that a page needs to render it, as it is now."""

    id: str = Field(description="UUIDv7", examples=[UUID_EXAMPLE])
    seq: int = Field(description="Place in the stream's log; contiguous over all its events, from 1.", examples=[42])
    cursor: str = Field(description="Position in the stream; opaque.", examples=["1795000000:42"])
    created_at: str = Field(examples=[TIME_EXAMPLE])
    parent_id: str | None = Field(description="The comment that this one answers.")
    author: AuthorView
    text: str = Field(description="To be shown as text, never as markup.", examples=["What a goal!"])
    role: Literal["host", "moderator"] | None = Field(None, description="Never left out, whatever the budget.")
    room: str | None = Field(None, description="The room that its author had named.")
    mentions: list[str] = Field(description="Names after an @.", examples=[["Bo"]])
    reply_count: int
    reactions: dict[str, int] = Field(description="Counts by emoji.", examples=[{"👍": 12}])
    edited: bool = Field(False, description="The text is not the first one.")
    deleted: bool = Field(False, description="Nothing but the place is left.")


class HeldView(BaseModel):
    """The comment is stored, but waits for a moderator."""

    id: str = Field(examples=[UUID_EXAMPLE])
    status: str = Field(examples=["held"])


class Page(BaseModel):
    """A stretch of history, oldest first."""

    items: list[CommentView]
    next_cursor: str = Field(description="Go on from here: `after=` for newer comments, or `/events?cursor=`.")
    prev_cursor: str = Field(description="Go back from here: `before=` for older comments.")
    has_more: bool = Field(description="Whether there is more in the direction that was asked for.")


class EventView(BaseModel):
    """An event of the stream's log."""

    model_config = ConfigDict(extra="allow")
    id: str = Field(examples=[UUID_EXAMPLE])
    seq: int = Field(examples=[43])
    cursor: str = Field(examples=["1795000000:43"])
    created_at: str = Field(examples=[TIME_EXAMPLE])
    comment_id: str | None = Field(description="The comment that it is about.")


class StreamView(BaseModel):
    name: str = Field(examples=["demo"])
    title: str = Field(examples=["The final"])
    state: str = Field(description="open, closed or archived", examples=["open"])
    opened_at: str = Field(examples=[TIME_EXAMPLE])
    settings: dict[str, Any] = Field(description="Without the rules, which are for moderators.")
    pinned_id: str | None = Field(description="The pinned comment.")


class StreamList(BaseModel):
    items: list[StreamView]
    next_after: str | None = Field(description="Ask again with `after=` this; null at the end.")


class UserView(BaseModel):
    id: str = Field(examples=["ada"])
    name: str = Field(examples=["Ada"])
    avatar: str | None
    badges: list[str]
    reputation: int


class HeldCommentView(BaseModel):
    id: str = Field(examples=[UUID_EXAMPLE])
    author: AuthorView
    text: str
    reason: str = Field(examples=["blocked-term"])
    created_at: str = Field(examples=[TIME_EXAMPLE])
    parent_id: str | None


class HeldList(BaseModel):
    items: list[HeldCommentView]


class ReportView(BaseModel):
    id: str = Field(examples=[UUID_EXAMPLE])
    comment_id: str = Field(examples=[UUID_EXAMPLE])
    reporter: str = Field(examples=["bo"])
    reason: str = Field(examples=["spam"])
    note: str
    created_at: str = Field(examples=[TIME_EXAMPLE])


class ReportList(BaseModel):
    items: list[ReportView]


class ReactionCounts(BaseModel):
    counts: dict[str, int] = Field(description="Counts by emoji.", examples=[{"👍": 12, "🔥": 3}])


def page(items: list[Event], epoch: int, *, first: int, last: int, has_more: bool) -> dict[str, Any]:
    return {
        "items": [event.as_dict() for event in items],
        "next_cursor": f"{epoch}:{last}",
        "prev_cursor": f"{epoch}:{first}",
        "has_more": has_more,
    }


def stream(value: Stream) -> dict[str, Any]:
    return {
        "name": value.name,
        "title": value.title,
        "state": value.state,
        "opened_at": iso(value.opened_at_ms),
        "settings": value.settings.as_public_dict(),
        "pinned_id": value.pinned,
    }


def user(value: Profile) -> dict[str, Any]:
    return {
        "id": value.user,
        "name": value.name,
        "avatar": value.avatar,
        "badges": list(value.badges),
        "reputation": value.reputation,
    }


def held(value: HeldComment) -> dict[str, Any]:
    return {
        "id": value.id,
        "author": value.data["author"],
        "text": value.data["text"],
        "reason": value.reason,
        "created_at": iso(value.created_at_ms),
        "parent_id": value.target,
    }


def report(value: Report) -> dict[str, Any]:
    return {
        "id": value.id,
        "comment_id": value.comment,
        "reporter": value.reporter,
        "reason": value.reason,
        "note": value.note,
        "created_at": iso(value.at_ms),
    }
