"""Viewers whose questions are held until there is something to say: how long, and when they are back, `Pacing` says."""

from collections.abc import Callable, Generator, Sized
from dataclasses import dataclass
from typing import Any

import simpy

from reference_impl.policy.polling import ITEMS_MAX, Pacing
from simulation.model.event_loop import EventLoop, Steps
from simulation.model.poller import Asked


@dataclass(frozen=True, slots=True)
class HeldCosts:
    """On the loop: ``at_once`` of a question that is answered so, from the loop's idle gap and the comments;
    ``enter`` of one that has to wait, from the idle gap; ``answer`` of what ends its waiting, from the comments.
    """

    at_once: Callable[[float, int], float]
    enter: Callable[[float], float]
    answer: Callable[[int], float]


class LongPollers(Asked):
    """``published`` grows with the stream, and the hub's edge calls `told` when it has been brought to viewers."""

    def __init__(
        self,
        env: simpy.Environment,
        loop: EventLoop,
        published: Sized,
        costs: HeldCosts,
        pacing: Pacing,
        wait_s: float,
        way_s: float = 0.0,
    ) -> None:
        super().__init__()
        self._env = env
        self._loop = loop
        self._published = published
        self._costs = costs
        self._pacing = pacing
        self._wait_s = wait_s
        self._way_s = way_s
        self._news = env.event()

    def told(self) -> None:
        news, self._news = self._news, self._env.event()
        news.succeed()

    def run(self, count: int, over_s: float, until_s: float, wanted: int = 0) -> None:
        """Start so many, evenly spread; after ``until_s`` each goes when it has all there is, and ``wanted``."""
        for number in range(count):
            self._env.process(self._follow(number / count * over_s, until_s, wanted))

    def _follow(self, pause_s: float, until_s: float, wanted: int) -> Steps:
        have, done = 0, False
        while not done:
            yield self._env.timeout(pause_s)
            self.asked_s.append(self._env.now)
            yield self._env.timeout(self._way_s)
            head = yield from self._ask(have)
            done = self._env.now > until_s and head >= max(wanted, len(self._published))
            yield self._env.timeout(self._way_s)
            pause_s = self._pacing.pause_s(held=True, full=head - have >= ITEMS_MAX, empty=head == have)
            have = self.took(have, head, self._env.now)

    def _ask(self, have: int) -> Generator[simpy.Event, Any, int]:
        """One question; its result is the last comment that the answer has."""
        with self._loop.turn() as turn:
            yield turn
            gap_s, head, news = self._env.now - self._loop.active_at, len(self._published), self._news
            if head > have:
                yield from self._loop.hold(self._costs.at_once(gap_s, head - have))
                return head
            yield from self._loop.hold(self._costs.enter(gap_s))
        yield news | self._env.timeout(self._pacing.hold_s(self._wait_s))
        with self._loop.turn() as turn:
            yield turn
            head = len(self._published)
            yield from self._loop.hold(self._costs.answer(head - have))
        return head
