"""The guard around what may be away: breaker, bulkhead and deadline as the server joins them, in simulated time."""

from collections.abc import Callable, Generator
from random import Random
from typing import Any

import simpy

from reference_impl.policy.bulkhead import Bulkhead, BulkheadConfig, Entry
from reference_impl.policy.circuit_breaker import BreakerConfig, Call, CircuitBreaker, State
from reference_impl.policy.deadline import Deadline
from simulation.model.event_loop import Steps

DEADLINE_S = 2.0  # of a call, as the server has it
PLACES = BulkheadConfig(in_flight_max=16, waiting_max=1_000)
UNAVAILABLE_S = 1.0  # what a caller is told when the log failed

Asking = Generator[simpy.Event, Any, bool]
Answer = tuple[bool, float]
"""Whether it was done, and for how long the caller is to stay away if not."""


def _at_once() -> Steps:
    yield from ()


class Guard:
    """Stands before one way of using the log, or another dependency.

    ``told`` is how long whoever waited for a place takes to know of it, which he has meanwhile.
    """

    def __init__(
        self, env: simpy.Environment, breaker: BreakerConfig, rng: Random, places: BulkheadConfig = PLACES,
        deadline_s: float = DEADLINE_S, *, told: Callable[[], Steps] = _at_once,
    ) -> None:  # fmt: skip
        self._env = env
        self._told = told
        self._deadline_s = deadline_s
        self.breaker = CircuitBreaker(breaker, rng)
        self.bulkhead: Bulkhead[simpy.Event] = Bulkhead(places)

    @property
    def state(self) -> State:
        return self.breaker.state(self._env.now)

    def once(
        self, ask: Callable[[], Asking], late: Callable[[], None] = lambda: None
    ) -> Generator[simpy.Event, Any, Answer]:
        """One try of ``ask``, which says whether it was done; ``late`` is told when that was after it was given up."""
        deadline = Deadline.after(self._deadline_s, self._env.now)
        if self.breaker.state(self._env.now) is State.OPEN or not (yield from self._enter(deadline)):
            return self._refused()
        call = self.breaker.admit(self._env.now)
        if call is None:
            self._leave()
            return self._refused()
        asked = self._env.process(self._asked(ask))
        yield asked | self._env.timeout(deadline.remaining_s(self._env.now))
        return self._answer(asked, call, late)

    def _answer(self, asked: simpy.Process, call: Call, late: Callable[[], None]) -> Answer:
        if asked.triggered and asked.value:
            self.breaker.succeeded(call, self._env.now)
            return True, 0.0
        self.breaker.failed(call, self._env.now)
        if not asked.triggered:
            self._env.process(self._end_late(asked, late))
        return False, UNAVAILABLE_S

    def _asked(self, ask: Callable[[], Asking]) -> Asking:
        done = yield from ask()
        self._leave()
        return done

    def _end_late(self, asked: simpy.Process, late: Callable[[], None]) -> Generator[simpy.Event, Any, None]:
        if (yield asked):
            late()

    def _enter(self, deadline: Deadline) -> Asking:
        turn = self._env.event()
        entry = self.bulkhead.enter(turn)
        if entry is Entry.WAITS:
            yield turn | self._env.timeout(deadline.remaining_s(self._env.now))
            if self.bulkhead.give_up(turn):
                return False
            yield from self._told()
            return True
        return entry is Entry.STARTS

    def _leave(self) -> None:
        following = self.bulkhead.leave()
        if following is not None:
            following.succeed()

    def _refused(self) -> Answer:
        return False, self.breaker.retry_after_s(self._env.now)
