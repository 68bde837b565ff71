"""Follow a stream through losses: each message once and in order, over whichever transport works here."""

import asyncio
import logging
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass

from reference_impl.client.failures import Ended, Lost, Refused
from reference_impl.client.message import Message, Position, before, begins_anew, number
from reference_impl.policy.retry import Retry
from reference_impl.protocol.cursor import Cursor

HELLO_S = 10.0  # until the first message of a connection
SILENT_HEARTBEATS = 2.5  # so many of them missed mean that the connection is dead
STRIKES = 2  # connections in a row over which nothing came; then the next transport is tried
OWN_AFFAIRS = frozenset({"heartbeat", "reconnect"})  # between the server and this module

log = logging.getLogger("livecomments.client")


@dataclass(frozen=True, slots=True)
class Transport:
    """A way to follow: lists of messages after a cursor; one that ``pushes`` sends heartbeats too.

    What one that is not ``for_all`` streams is refused may well be had over another.
    """

    name: str
    open: Callable[[Cursor], AsyncGenerator[list[Message], None]]
    pushes: bool = True
    for_all: bool = True


@dataclass(frozen=True, slots=True)
class Time:
    """The clock that pauses are measured on, and the way to let them pass."""

    now: Callable[[], float]
    sleep: Callable[[float], Awaitable[None]]


History = Callable[[Cursor], AsyncGenerator[Message, None]]
"""Comments after a cursor, oldest first."""


class Follower:
    """Follows from ``cursor``; the first transport is the one that is liked best."""

    def __init__(
        self, transports: Sequence[Transport], cursor: Cursor, retry: Retry, time: Time, history: History | None
    ) -> None:
        self._transports = list(transports)
        self._position = Position(cursor)
        self._retry = retry
        self._time = time
        self._history = history
        self._strikes = 0
        self._batches_read = 0  # over the connection of the moment
        self._back_at: float | None = None

    async def messages(self) -> AsyncGenerator[Message, None]:
        """What the stream tells; Refused, Ended or (when the budget of tries is spent) Lost says why no more comes."""
        while True:
            self._back_at = None
            try:
                async with aclosing(self._connection()) as messages:
                    async for message in messages:
                        yield message
                failure: Lost | Refused = Lost("the server ended the connection")
            except (Lost, Refused) as error:
                failure = error
            await self._time.sleep(self._pause_s(failure))

    async def _connection(self) -> AsyncGenerator[Message, None]:
        """The messages of one connection."""
        transport, silence_s, self._batches_read = self._transports[0], HELLO_S, 0
        async with aclosing(transport.open(self._position.cursor)) as batches:
            while (batch := await _next(batches, silence_s if transport.pushes else None)) is not None:
                self._batches_read += 1
                if self._batches_read > 1:  # a hello alone is no success: a server that falls over may well say it
                    self._retry.succeeded()
                for message in batch:
                    if message.event == "hello":
                        silence_s = _silence_s(message) or silence_s
                    if message.event == "gap" and self._history is not None:
                        async for comment in self._fill(message, self._history):
                            yield comment
                    elif self._shows(message):
                        yield message
                if self._back_at is not None and not transport.pushes:
                    return

    def _shows(self, message: Message) -> bool:
        """Whether the follower's user is shown a message; some are for the follower itself."""
        if message.event == "end":
            raise Ended(str(message.data.get("reason")))
        if message.event == "reconnect":
            self._back_at = self._time.now() + number(message.data, "after_ms") / 1000
        return message.event not in OWN_AFFAIRS and self._position.passes(message)

    async def _fill(self, gap: Message, history: History) -> AsyncGenerator[Message, None]:
        """Read what a gap leaves out; a loss on the way leaves the position at the last comment read."""
        behind = Position(self._position.cursor)
        if not behind.passes(gap):
            return
        start = before(gap)
        anew = begins_anew(gap)
        self._position.go_to(start if anew else max(start, self._position.cursor), anew=anew)
        try:
            async with aclosing(history(self._position.cursor)) as comments:
                async for comment in comments:
                    if comment.cursor is None or comment.cursor > behind.cursor:
                        break
                    if self._position.passes(comment):
                        yield comment
        except Refused as refused:
            raise Lost(f"a gap could not be filled: {refused}") from refused
        self._position.go_to(behind.cursor)

    def _pause_s(self, failure: Lost | Refused) -> float:
        """How long to wait before the next connection; raises the failure when there shall be none."""
        name = self._transports[0].name
        if self._back_at is not None:
            pause_s = self._back_at - self._time.now()
            log.info("%s: the server asks to come back in %.1f s", name, pause_s)
            return max(0.0, pause_s)
        if isinstance(failure, Refused) and not failure.passing:
            self._give_up_transport(failure)
            return 0.0
        again_s = self._retry.failed(0.0)
        if again_s is None:
            raise failure
        log.info("%s: %s; trying again", name, failure)
        if isinstance(failure, Lost) and failure.reached:
            self._strike(failure)
        return max(again_s, failure.retry_after_s)

    def _strike(self, failure: Lost) -> None:
        """Go over to the next transport when nothing came over several connections in a row."""
        self._strikes = 0 if self._batches_read else self._strikes + 1
        if self._strikes == STRIKES:
            self._strikes = 0
            self._transports.append(self._transports.pop(0))
            log.info("going over to %s: %s", self._transports[0].name, failure)

    def _give_up_transport(self, refused: Refused) -> None:
        """What the server refuses, it refuses on every transport; what stands before it may let another one pass."""
        if (refused.problem and self._transports[0].for_all) or len(self._transports) == 1:
            raise refused
        del self._transports[0]
        log.info("going over to %s: %s", self._transports[0].name, refused)


async def _next(batches: AsyncGenerator[list[Message], None], silence_s: float | None) -> list[Message] | None:
    try:
        async with asyncio.timeout(silence_s):
            return await anext(batches, None)
    except TimeoutError as error:
        raise Lost(f"nothing came for {silence_s:g} s") from error


def _silence_s(message: Message) -> float | None:
    """What a hello says about how long a silence may last."""
    heartbeat_ms = message.data.get("heartbeat_ms")
    return SILENT_HEARTBEATS * heartbeat_ms / 1000 if isinstance(heartbeat_ms, int | float) else None
