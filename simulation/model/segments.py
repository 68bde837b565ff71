"""Segments: a server that cuts its log into seconds, and readers who ask a cache for what they have not got of them."""

from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any

import simpy

from reference_impl.policy.polling import MANIFEST_FRESH_S, MANIFEST_REMEMBERED_S, spread_s
from reference_impl.protocol.segments import POLL_AFTER_MS, Span, complete, offset_of
from simulation.model.event_loop import EventLoop, Steps
from simulation.model.http_cache import HttpCache
from simulation.model.log import Stamps
from simulation.model.poller import Asked

WINDOW_SECONDS = 30  # what a manifest covers
MANIFEST = "manifest"

Cost = Callable[[float], float]


@dataclass(frozen=True, slots=True)
class Manifest:
    """Complete seconds with comments, oldest first. One that lists the same is equal, and is not sent again."""

    spans: tuple[Span, ...]


class SegmentOrigin:
    """Lists and reads seconds of ``published``, counted from ``opened_s``; costs are of the loop's idle gap.

    ``manifests`` and ``segments`` count what was asked for, and ``busy_s`` is what that has taken.
    """

    def __init__(
        self,
        env: simpy.Environment,
        loop: EventLoop,
        published: Sequence[Stamps],
        opened_s: float,
        manifest: Cost,
        segment: Cost,
    ) -> None:
        self._env = env
        self._loop = loop
        self._published = published
        self._opened_ms = round(opened_s * 1000)
        self._manifest_cost, self._segment_cost = manifest, segment
        self._known, self._known_until_s = Manifest(()), float("-inf")
        self.manifests = self.segments = 0
        self.busy_s = 0.0

    @property
    def head(self) -> int:
        return len(self._published)

    def manifest(self) -> Generator[simpy.Event, Any, Manifest]:
        self.manifests += 1
        yield from self._work(self._manifest_cost)
        if self._env.now >= self._known_until_s:
            self._known = Manifest(tuple(self._spans()))
            self._known_until_s = self._env.now + MANIFEST_REMEMBERED_S
        return self._known

    def segment(self, span: Span) -> Generator[simpy.Event, Any, Span]:
        self.segments += 1
        yield from self._work(self._segment_cost)
        return span

    def _spans(self) -> list[Span]:
        until = complete(round(self._env.now * 1000), self._opened_ms)
        spans: list[Span] = []
        for seq, stamps in enumerate(self._published, 1):
            offset = offset_of(round(stamps.admitted_s * 1000), self._opened_ms)
            if not until - WINDOW_SECONDS <= offset < until:
                continue
            if spans and spans[-1].offset == offset:
                spans[-1] = Span(offset, spans[-1].first, seq)
            else:
                spans.append(Span(offset, seq, seq))
        return spans

    def _work(self, cost: Cost) -> Steps:
        with self._loop.turn() as turn:
            yield turn
            cost_s = cost(self._env.now - self._loop.active_at)
            self.busy_s += cost_s
            yield from self._loop.hold(cost_s)


class SegmentReaders(Asked):
    """``manifests`` and ``segments``: when each was received, and what it was, None for a manifest known already."""

    def __init__(
        self, env: simpy.Environment, cache: HttpCache, origin: SegmentOrigin, rng: Random, way_s: float = 0.0
    ) -> None:
        super().__init__()
        self._env = env
        self._cache = cache
        self._origin = origin
        self._rng = rng
        self._way_s = way_s
        self.manifests: list[tuple[float, Manifest | None]] = []
        self.segments: list[tuple[float, Span]] = []

    def run(self, count: int, over_s: float, until_s: float) -> None:
        """Start so many, evenly spread; after ``until_s`` each goes when it has all that was published."""
        for number in range(count):
            self._env.process(self._follow(number / count * over_s, until_s))

    def _follow(self, pause_s: float, until_s: float) -> Steps:
        have, known, asked_s = 0, None, 0.0
        while asked_s <= until_s or have < self._origin.head:
            yield self._env.timeout(pause_s)
            asked_s = self._env.now
            manifest = yield from self._get(MANIFEST, self._origin.manifest, MANIFEST_FRESH_S)
            self.manifests.append((self._env.now, None if manifest == known else manifest))
            self.took(have, have, self._env.now)
            known = manifest
            for span in manifest.spans:
                if span.last > have:
                    yield from self._get(span, lambda span=span: self._origin.segment(span), None)
                    self.segments.append((self._env.now, span))
                    have = self.took(have, span.last, self._env.now)
            pause_s = spread_s(POLL_AFTER_MS / 1000, self._rng)

    def _get(self, address: Any, fetch: Any, fresh_s: int | None) -> Generator[simpy.Event, Any, Any]:
        self.asked_s.append(self._env.now)
        yield self._env.timeout(self._way_s)
        found = yield from self._cache.get(address, fetch, fresh_s)
        yield self._env.timeout(self._way_s)
        return found
