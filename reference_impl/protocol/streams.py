"""A stream: its settings and its state."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any

SLOW_MODE_MAX_S = 300
HOST, MODERATOR = "host", "moderator"  # whose comments are never shed
ROOM_NAME = "[A-Za-z0-9_-]{1,64}"


class State(StrEnum):
    OPEN = "open"
    CLOSED = "closed"  # can be read, takes no comments
    ARCHIVED = "archived"  # closed, and left out of the list


class Visibility(StrEnum):
    PUBLIC = "public"  # anybody reads, without a token
    PRIVATE = "private"  # readers need a grant for the stream
    VIP = "vip"  # readers need a grant with the role `vip`


class Display(StrEnum):
    """How much of a crowded stream a viewer is shown."""

    ALL = "all"
    READABLE = "readable"
    CROWD = "crowd"


class Action(StrEnum):
    """What happens to a comment that a rule of the stream catches."""

    ALLOW = "allow"
    HOLD = "hold"
    DENY = "deny"


class SlowViewers(StrEnum):
    """What happens to a viewer whose queue is full."""

    SERVER = "server"  # as the server was started
    DROP_OLDEST = "drop_oldest"
    SKIP_TO_HEAD = "skip_to_head"
    DISCONNECT = "disconnect"


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleSettings:
    """The first layer of moderation."""

    blocked_terms: tuple[str, ...] = ()
    blocked: Action = Action.DENY
    links: Action = Action.ALLOW
    repeated: Action = Action.DENY
    floods: Action = Action.HOLD


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamSettings:
    slow_mode_s: int = 0  # between two comments of a user; 0 is off
    followers_only: bool = False
    members_only: bool = False
    emote_only: bool = False
    unique_chat: bool = False
    display: Display = Display.READABLE
    display_per_s: float | None = None  # comments a second, instead of the mode's
    rooms: bool = False  # viewers in rooms of about a thousand
    visibility: Visibility = Visibility.PUBLIC
    slow_viewers: SlowViewers = SlowViewers.SERVER
    rules: RuleSettings = field(default_factory=RuleSettings)

    def as_dict(self) -> dict[str, Any]:
        """All of it, for the store and for moderators."""
        return asdict(self)

    def as_public_dict(self) -> dict[str, Any]:
        """What everybody may know: a block list would teach how to get around it."""
        return public(asdict(self))

    @classmethod
    def of(cls, stored: dict[str, Any]) -> "StreamSettings":
        """Read what `as_dict` wrote."""
        rules = dict(stored.get("rules", {}))
        terms = tuple(rules.pop("blocked_terms", ()))
        actions = {name: Action(value) for name, value in rules.items()}
        given: dict[str, Any] = {
            **stored,
            "display": Display(stored.get("display", "readable")),
            "visibility": Visibility(stored.get("visibility", "public")),
            "slow_viewers": SlowViewers(stored.get("slow_viewers", "server")),
            "rules": RuleSettings(blocked_terms=terms, **actions),
        }
        return cls(**given)


def public(settings: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in settings.items() if name != "rules"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Stream:
    """A stream as it stands; ``head`` is its highest ``seq``."""

    name: str
    title: str
    owner: str
    state: State
    settings: StreamSettings
    opened_at_ms: int
    head: int = 0
    pinned: str | None = None  # the comment's id


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """A user as shown beside comments."""

    user: str
    name: str
    avatar: str | None = None
    badges: tuple[str, ...] = ()
    reputation: int = 0
