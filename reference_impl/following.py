"""The seams of a process that only follows: a log to read, how streams stand, and the API behind it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from reference_impl.protocol.events import Event
from reference_impl.protocol.streams import Stream


class LogReader(Protocol):
    """What those who only follow need of a log."""

    @property
    def epoch(self) -> int: ...

    async def read(self, stream: str, *, first: int, last: int) -> list[Event]:
        """Answer the events with first <= seq <= last, in order."""
        ...

    async def heads(self, streams: Sequence[str]) -> dict[str, int]:
        """Answer the highest ``seq`` of each stream, 0 for an empty or unknown one."""
        ...


class Standing(Protocol):
    """How streams stand, as viewers need to know it."""

    async def stream(self, name: str) -> Stream | None: ...

    async def bans(self, name: str) -> dict[str, int | None]:
        """Answer who is banned, and until when (Unix ms; None: for good)."""
        ...

    async def pinned(self, name: str) -> Event | None: ...


@dataclass(frozen=True, slots=True)
class Forwarded:
    """A client's request on its way to the API, with the client's own token in ``headers``."""

    method: str
    path: str  # with its query
    headers: dict[str, str]
    body: bytes = b""


@dataclass(frozen=True, slots=True)
class ForwardedAnswer:
    """What the API answered."""

    status: int
    headers: dict[str, str]
    body: bytes


class Upstream(Protocol):
    """The API, as an edge asks it on behalf of its clients."""

    async def forward(self, request: Forwarded) -> ForwardedAnswer:
        """Have the API answer; LogUnavailable says that it did not, and what was asked for may have been done."""
        ...
