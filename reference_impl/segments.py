"""Reads a public stream's segments and their manifest, each once for all who ask at the same time.

A manifest is remembered for a moment. A segment is not: it may be asked for again just because a comment in it has
been deleted, and a cache would keep what it gets for a year.
"""

from collections.abc import Sequence
from dataclasses import replace

from reference_impl.catalog import Fresh
from reference_impl.display import budget_of, sample
from reference_impl.following import LogReader
from reference_impl.policy.display_budget import DisplayBudgetConfig
from reference_impl.policy.polling import MANIFEST_REMEMBERED_S
from reference_impl.ports import Clock, SegmentStore
from reference_impl.protocol import problem, segments
from reference_impl.protocol.cursor import Cursor
from reference_impl.protocol.events import Event
from reference_impl.protocol.message import Message, Shedding, of_event, shown_of
from reference_impl.protocol.problem import Problem
from reference_impl.protocol.segments import Revision
from reference_impl.protocol.streams import Stream, Visibility

WINDOW_SECONDS = 30  # what a manifest covers unless it is asked for more
LISTED_MAX = 200
REMEMBERED_MAX = 256  # manifests; past it the oldest is made again

NO_STORE = {"Cache-Control": "no-store"}
FOR_GOOD = {"Cache-Control": "public, max-age=31536000, immutable"}


def shown(epoch: int, events: Sequence[Event], budget: DisplayBudgetConfig | None) -> Sequence[Message]:
    """The messages of a second that viewers get, chosen by the stream's display budget as on the live stream."""
    chosen = [of_event(segments.timeless(event)) for event in sample(events, budget)]
    shedding = Shedding("budget", budget.window_ms if budget else 0)
    return shown_of(epoch, events[0].seq, events[-1].seq, chosen, shedding).messages


class Segments:
    """``log``: the one that the store reads."""

    def __init__(self, store: SegmentStore, log: LogReader, clock: Clock, wall_clock: Clock) -> None:
        self._store = store
        self._log = log
        self._wall_clock = wall_clock
        self._manifests = Fresh(self._read_manifest, MANIFEST_REMEMBERED_S, clock, REMEMBERED_MAX)
        self._segments = Fresh(self._read_segment, 0.0, clock, 0)

    async def manifest(self, stream: Stream, first: int | None, limit: int) -> str:
        """Answer what seconds there are from ``first`` on, or of the last half minute."""
        require_public(stream)
        since = "" if first is None else first
        budget = budget_of(stream.name, stream.settings)
        per_s = f"{budget.per_s:g}" if budget else ""
        return await self._manifests.get(f"{stream.name} {stream.opened_at_ms} {limit} {per_s} {since}")

    async def segment(self, stream: Stream, offset: int, revision: Revision) -> str:
        """Answer a second in its present revision; a Problem for any other."""
        require_public(stream)
        if offset >= self._complete(stream.opened_at_ms):
            raise missing(f"second {offset} of {stream.name!r} is not over yet")
        budget = budget_of(stream.name, stream.settings)
        found, text = await self._segments.get(f"{stream.name} {offset} {f'{budget.per_s:g}' if budget else ''}")
        if found is None:
            raise missing(f"second {offset} of {stream.name!r} has no events")
        if revision.older_than(found):
            detail = f"second {offset} of {stream.name!r} is at revision {found}, {revision} has been before it"
            raise Problem(problem.SEGMENT_GONE, detail, fields=FOR_GOOD)
        if revision != found:
            raise missing(f"second {offset} of {stream.name!r} has no revision {revision}, it is at {found}")
        return text

    def changed(self, stream: str) -> None:
        """Answer nothing that was read before this."""
        self._manifests.forget_all(f"{stream} ")
        self._segments.forget_all(f"{stream} ")

    def _complete(self, opened_at_ms: int) -> int:
        return segments.complete(int(self._wall_clock() * 1000), opened_at_ms)

    async def _read_manifest(self, key: str) -> str:
        name, opened_at_ms, limit, per_s, since = key.split(" ")
        until = self._complete(int(opened_at_ms))
        first = int(since) if since else max(0, until - WINDOW_SECONDS)
        spans, last = await self._store.spans(name, first, until, int(limit) + 1)
        listed, more = spans[: int(limit)], spans[int(limit) :]
        listed = [replace(span, per_s=float(per_s) if per_s else None) for span in listed]
        head = Cursor(self._log.epoch, listed[-1].last if more else last)
        return segments.manifest(head, int(opened_at_ms), listed, more[0].offset if more else None)

    async def _read_segment(self, key: str) -> tuple[Revision | None, str]:
        name, offset, per_s = key.split(" ")
        found = await self._store.segment(name, int(offset))
        if found is None:
            return None, ""
        budget = DisplayBudgetConfig(per_s=float(per_s), seed=name) if per_s else None
        span, events = replace(found[0], per_s=budget.per_s if budget else None), found[1]
        return span.revision, segments.segment(self._log.epoch, span, shown(self._log.epoch, events, budget))


def require_public(stream: Stream) -> None:
    """Caches answer everybody alike, so only what everybody may read is cut into segments."""
    if stream.settings.visibility is not Visibility.PUBLIC:
        raise missing(f"segments exist for public streams only, and {stream.name!r} is not one")


def missing(detail: str) -> Problem:
    return Problem(problem.NOT_FOUND, detail, fields=NO_STORE)


def segment_path(stream: str, offset: int, revision: Revision) -> str:
    return f"{manifest_path(stream)}/{offset}/{revision}"


def manifest_path(stream: str) -> str:
    return f"/v1/streams/{stream}/segments"
