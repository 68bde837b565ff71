"""Viewers that ask: each polls by its own clock, and an answer has what came to the hub since the one before."""

from collections.abc import Callable, Sized
from dataclasses import dataclass, field

import simpy

from simulation.model.event_loop import EventLoop, Steps


@dataclass(frozen=True, slots=True)
class Answer:
    """One poll that brought something: comments ``first`` to ``last``, when they were received."""

    first: int
    last: int
    received_s: float


@dataclass(slots=True)
class Asked:
    """What became of questions: when each was asked, the answers with comments, and when an empty one came."""

    asked_s: list[float] = field(default_factory=list)
    answers: list[Answer] = field(default_factory=list)
    empty_s: list[float] = field(default_factory=list)

    def took(self, have: int, head: int, now: float) -> int:
        """An answer has come to one who had the comments up to ``have``; what is the last one that it has now?"""
        if head > have:
            self.answers.append(Answer(have + 1, head, now))
        else:
            self.empty_s.append(now)
        return head


class Pollers(Asked):
    """``published`` grows with the stream. ``cost`` draws what an answer takes on the loop, from how long that has
    been idle and from how many comments the answer has; ``way_s`` is one way between viewer and server.
    """

    def __init__(
        self,
        env: simpy.Environment,
        loop: EventLoop,
        published: Sized,
        cost: Callable[[float, int], float],
        way_s: float = 0.0,
    ) -> None:
        super().__init__()
        self._env = env
        self._loop = loop
        self._published = published
        self._cost = cost
        self._way_s = way_s

    @property
    def polls(self) -> int:
        return len(self.asked_s)

    def run(self, count: int, period_s: float, until_s: float, wanted: Callable[[], int] = lambda: 0) -> None:
        """Start so many, evenly spread over a period.

        Each asks once more after ``until_s``, and on until it has as many as are ``wanted`` by then.
        """
        for number in range(count):
            self._env.process(self._poll(number / count * period_s, period_s, until_s, wanted))

    def _poll(self, at_s: float, period_s: float, until_s: float, wanted: Callable[[], int]) -> Steps:
        have = 0
        while True:
            yield self._env.timeout(max(0.0, at_s - self._env.now))
            asked_s, at_s = at_s, at_s + period_s
            self.asked_s.append(self._env.now)
            yield self._env.timeout(self._way_s)
            with self._loop.turn() as turn:
                yield turn
                head = len(self._published)
                yield from self._loop.hold(self._cost(self._env.now - self._loop.active_at, head - have))
            yield self._env.timeout(self._way_s)
            have = self.took(have, head, self._env.now)
            if asked_s > until_s and have >= wanted():
                return
