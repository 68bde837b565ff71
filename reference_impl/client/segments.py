"""Segments: a public stream's log in pieces of one second, from whatever cache is near; some seconds late.

A manifest lists the latest pieces. Everybody asks for it at the same address, so that one answer does for all; only who
has missed more than it lists asks for an earlier one.
"""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any, NamedTuple

from reference_impl.client.failures import Lost, Refused
from reference_impl.client.http import Http, read_object
from reference_impl.client.long_poll import PAUSE_MAX_S, Pause
from reference_impl.client.message import Message
from reference_impl.policy.polling import spread_s
from reference_impl.protocol.cursor import Cursor

GONE = frozenset({404, 410})  # the manifest is older than what it lists
GONE_MAX = 10  # manifests in a row of which a segment was gone


class Listed(NamedTuple):
    """A second of the log, from the event ``first`` to ``last``."""

    offset: int
    revision: str
    first: int
    last: int


@dataclass(frozen=True, slots=True)
class Manifest:
    """Seconds of the log, oldest first, and the last event that they cover."""

    head: Cursor
    segments: Sequence[Listed]
    next_from: int | None
    pause_s: float

    @classmethod
    def read(cls, answer: dict[str, Any]) -> "Manifest":
        """Make one of an answer; Lost says what is wrong with it."""
        try:
            listed = [
                Listed(int(each["offset"]), str(each["revision"]), int(each["first"]), int(each["last"]))
                for each in answer["segments"]
            ]
            next_from = None if answer["next_from"] is None else int(answer["next_from"])
            pause_s = min(float(answer["poll_after_ms"]) / 1000, PAUSE_MAX_S)
            return cls(Cursor.parse(str(answer["head"])), listed, next_from, pause_s)
        except (KeyError, TypeError, ValueError) as error:
            raise Lost(f"a manifest cannot be read: {error!r}") from error


class Reading:
    """What of a stream's segments is new to one who has come as far as ``cursor``."""

    def __init__(self, cursor: Cursor) -> None:
        self.cursor = cursor
        self.begin: int | None = None  # the next manifest is to begin there, and not 30 s ago
        self._offset: int | None = None  # of the last segment that was read

    def take(self, manifest: Manifest) -> tuple[list[Message], list[Listed]]:
        """What is known without reading any segment, and the segments that are to be read."""
        head, latest, self.begin = manifest.head, self.begin is None, None
        if head.epoch != self.cursor.epoch:
            return self._change(head), []
        listed = [each for each in manifest.segments if each.last > self.cursor.seq]
        missed = (listed[0].first - 1 if listed else head.seq) - self.cursor.seq
        if latest and missed > 0 and self._offset is not None:
            self.begin = self._offset
            return [], []
        if not latest and manifest.segments:
            self.begin = manifest.next_from
        is_lost = missed > 0 and (bool(listed) or self.begin is None)
        return self._skip(missed) if is_lost else [], listed

    def read(self, listed: Listed, answer: dict[str, Any]) -> list[Message]:
        """The messages of a segment that are new."""
        at = self.cursor
        try:
            epoch = int(answer["epoch"])
            messages = [Message.of(item) for item in answer["items"]]
        except (KeyError, TypeError, ValueError) as error:
            raise Lost(f"segment {listed.offset}/{listed.revision} cannot be read: {error!r}") from error
        if epoch != at.epoch:
            raise Lost(f"segment {listed.offset}/{listed.revision} is of log {epoch}, not of {at}")
        self.cursor, self._offset = Cursor(epoch, listed.last), listed.offset
        return [message for message in messages if message.place is None or message.place > at]

    def _change(self, head: Cursor) -> list[Message]:
        """Go over to a log that was begun anew; a cache may still tell of the one before it."""
        if head.epoch < self.cursor.epoch:
            return []
        self.cursor, self._offset = head, None
        return [_gap(1, head, "epoch")]

    def _skip(self, missed: int) -> list[Message]:
        first = self.cursor.seq + 1
        self.cursor = self.cursor._replace(seq=self.cursor.seq + missed)
        return [_gap(first, self.cursor, "too_old")]


async def segments(
    http: Http, stream: str, cursor: Cursor | None, pause: Pause = asyncio.sleep, rng: Random | None = None
) -> AsyncGenerator[list[Message], None]:
    """Messages after the cursor, second by second; an empty list shows that somebody is there."""
    manifests, draw, gone = Manifests(http, stream), rng or Random(), 0
    manifest = await manifests.read(None)
    reading = Reading(manifest.head if cursor is None else cursor)
    while True:
        known, listed = reading.take(manifest)
        yield known
        try:
            for each in listed:
                yield reading.read(each, await _segment(http, stream, each))
            gone = 0
        except Refused as refused:
            gone += 1
            if refused.status not in GONE or gone > GONE_MAX:
                raise
            reading.begin = None
        if reading.begin is None:
            await pause(spread_s(manifest.pause_s, draw))
        manifest = await manifests.read(reading.begin)


class Manifests:
    """Asks for manifests; one that has not changed is not sent again."""

    def __init__(self, http: Http, stream: str) -> None:
        self._http = http
        self._url = http.of_stream(stream, "segments")
        self._tag = ""
        self._latest: Manifest | None = None

    async def read(self, begin: int | None) -> Manifest:
        """The manifest of the latest seconds, or of those from ``begin``."""
        if begin is not None:
            _, answer = await self._http.ask("GET", self._url, params={"from": str(begin)})
            return Manifest.read(answer)
        headers = {"If-None-Match": self._tag} if self._tag and self._latest else {}
        async with self._http.answer("GET", self._url, headers=headers) as response:
            if response.status == 304 and self._latest is not None:
                return self._latest
            self._latest = Manifest.read(await read_object(response))
            self._tag = response.headers.get("ETag", "")
            return self._latest


async def _segment(http: Http, stream: str, listed: Listed) -> dict[str, Any]:
    _, answer = await http.ask("GET", http.of_stream(stream, f"segments/{listed.offset}/{listed.revision}"))
    return answer


def _gap(first: int, last: Cursor, reason: str) -> Message:
    data = {"from": first, "to": last.seq, "count": last.seq - first + 1, "reason": reason}
    return Message("gap", data, last)
