"""Viewers that ask: each polls by its own clock, and an answer has what came to the hub since the one before."""

from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import simpy

from simulation.model.event_loop import EventLoop, Steps
from simulation.model.log import Stamps


@dataclass(frozen=True, slots=True)
class Answer:
    """One poll that brought something: comments ``first`` to ``last``, when they were received."""

    first: int
    last: int
    received_s: float


class Pollers:
    """``published`` grows with the stream; ``cost`` draws what an answer takes on the loop."""

    def __init__(
        self, env: simpy.Environment, loop: EventLoop, published: Sequence[Stamps], cost: Callable[[], float]
    ) -> None:
        self._env = env
        self._loop = loop
        self._published = published
        self._cost = cost
        self.answers: list[Answer] = []
        self.polls = 0

    def run(self, count: int, period_s: float, until_s: float) -> None:
        """Start so many, evenly spread over a period; each asks once more after ``until_s``."""
        for number in range(count):
            self._env.process(self._poll(number / count * period_s, period_s, until_s))

    def _poll(self, at_s: float, period_s: float, until_s: float) -> Steps:
        have = 0
        while True:
            yield self._env.timeout(max(0.0, at_s - self._env.now))
            asked_s, at_s = at_s, at_s + period_s
            with self._loop.turn() as turn:
                yield turn
                head = bisect_right(self._published, self._env.now, key=lambda stamps: stamps.hub_s)
                yield from self._loop.hold(self._cost())
            self.polls += 1
            if head > have:
                self.answers.append(Answer(have + 1, head, self._env.now))
                have = head
            if asked_s > until_s:
                return
