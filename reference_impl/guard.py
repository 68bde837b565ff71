"""Guards around what may be slow or away: circuit breaker, bulkhead, deadline and a budget for retries.

    caller --> breaker open? --> a place (bulkhead) --> the call, until the deadline --> breaker is told
                   | refused         | refused               | too late: the caller goes, the call keeps its place

A call that is too late is not cancelled: whether an append is in the log is the engine's to say, which has a limit of
its own. It keeps its place until it has really ended, so a stalled engine holds so many calls and no more.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from random import Random
from typing import Any, TypeVar

from reference_impl.policy.bulkhead import Bulkhead, BulkheadConfig, Entry
from reference_impl.policy.circuit_breaker import BreakerConfig, Call, CircuitBreaker, State
from reference_impl.policy.deadline import Deadline
from reference_impl.policy.degradation import Signal, signal_of
from reference_impl.policy.retry import Retry, RetryBudget, RetryBudgetConfig, RetryConfig
from reference_impl.ports import Clock, LogUnavailable

R = TypeVar("R")
Ask = Callable[[], Awaitable[R]]

log = logging.getLogger(__name__)


class Refusal(LogUnavailable):
    """The engine was not even asked; the caller may do so after ``retry_after_s``."""

    def __init__(self, detail: str, retry_after_s: float) -> None:
        super().__init__(detail)
        self.retry_after_s = retry_after_s


@dataclass(frozen=True, slots=True, kw_only=True)
class GuardConfig:
    deadline_s: float = 2.0  # of a call with its waiting and its retries
    breaker: BreakerConfig = field(default_factory=BreakerConfig)
    bulkhead: BulkheadConfig = field(default_factory=lambda: BulkheadConfig(in_flight_max=16, waiting_max=1_000))
    retry: RetryConfig = field(default_factory=lambda: RetryConfig(base_s=0.05, cap_s=0.5, attempts_max=2))
    budget: RetryBudgetConfig = field(default_factory=RetryBudgetConfig)


class Guard:
    """Stands before one dependency, or one way of using it."""

    def __init__(self, name: str, config: GuardConfig, clock: Clock, rng: Random) -> None:
        self.name = name
        self.breaker = CircuitBreaker(config.breaker, rng)
        self.bulkhead: Bulkhead[asyncio.Future[None]] = Bulkhead(config.bulkhead)
        self.budget = RetryBudget(config.budget, clock())
        self._config = config
        self._clock = clock
        self._rng = rng
        self._said = State.CLOSED

    @property
    def state(self) -> State:
        return self.breaker.state(self._clock())

    def signal(self) -> Signal:
        return signal_of(self.state)

    def status(self) -> dict[str, Any]:
        calls, failures = self.breaker.counts(self._clock())
        return {
            "state": self.state.value,
            "calls": calls,
            "failures": failures,
            "opened": self.breaker.opened,
            "in_flight": self.bulkhead.in_flight,
            "waiting": self.bulkhead.waiting,
            "refused": self.bulkhead.refused,
        }

    async def once(self, ask: Ask[R], late: Callable[[R], None] | None = None) -> R:
        """One try; LogUnavailable when the guard refuses, the engine fails or the time is over.

        An answer that still comes then is given to ``late``.
        """
        return await self._try(ask, Deadline.after(self._config.deadline_s, self._clock()), late)

    async def retried(self, ask: Ask[R]) -> R:
        """Several tries within the same time, as far as the budget that all callers share allows."""
        now_s = self._clock()
        deadline, retry = Deadline.after(self._config.deadline_s, now_s), Retry(self._config.retry, self._rng)
        self.budget.called(now_s)
        while True:
            try:
                return await self._try(ask, deadline)
            except Refusal:
                raise
            except LogUnavailable:
                now_s = self._clock()
                at_s = retry.failed(now_s)
                if at_s is None or not deadline.allows(at_s - now_s, now_s) or not self.budget.admit(now_s):
                    raise
            await asyncio.sleep(at_s - now_s)

    async def _try(self, ask: Ask[R], deadline: Deadline, late: Callable[[R], None] | None = None) -> R:
        if self.state is State.OPEN:
            raise self._refusal("has not answered and is left alone for now")
        await self._enter(deadline)
        call = self.breaker.admit(self._clock())
        if call is None:
            self._leave()
            raise self._refusal("is being tried out after it had not answered")
        self._note()
        task = asyncio.ensure_future(ask())
        task.add_done_callback(self._ended)
        try:
            await asyncio.wait({task}, timeout=deadline.remaining_s(self._clock()))
        except asyncio.CancelledError:
            self.breaker.abandoned(call)
            task.cancel()
            raise
        return self._answer(task, call, late)

    def _answer(self, task: "asyncio.Future[R]", call: Call, late: Callable[[R], None] | None) -> R:
        now_s = self._clock()
        if not task.done() or task.cancelled() or isinstance(task.exception(), LogUnavailable):
            self.breaker.failed(call, now_s)
        else:
            self.breaker.succeeded(call, now_s)  # whatever the answer was, there was one
        self._note()
        if not task.done():
            task.add_done_callback(lambda ended: self._end_late(ended, late))
            raise LogUnavailable(f"{self.name} did not answer within {self._config.deadline_s:g} s")
        return task.result()

    async def _enter(self, deadline: Deadline) -> None:
        """Wait for a place."""
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        entry = self.bulkhead.enter(turn)
        if entry is Entry.REFUSED:
            raise self._refusal(f"has {self.bulkhead.in_flight} calls under way, and {self.bulkhead.waiting} wait")
        if entry is Entry.STARTS:
            return
        try:
            await asyncio.wait({turn}, timeout=deadline.remaining_s(self._clock()))
        except asyncio.CancelledError:
            if not self.bulkhead.give_up(turn):
                self._leave()
            raise
        if self.bulkhead.give_up(turn):
            raise self._refusal(f"had no place within {self._config.deadline_s:g} s")

    def _leave(self) -> None:
        following = self.bulkhead.leave()
        if following is not None:
            following.set_result(None)

    def _ended(self, task: "asyncio.Future[Any]") -> None:
        if not task.cancelled():
            task.exception()  # it is known from here on, even if the caller did not wait for it
        self._leave()

    def _end_late(self, task: "asyncio.Future[R]", late: Callable[[R], None] | None) -> None:
        """What its caller could not be told."""
        error = "cancelled" if task.cancelled() else task.exception()
        log.info("late", extra={"dependency": self.name, "error": str(error or "none")})
        if error is None and late is not None:
            late(task.result())

    def _refusal(self, why: str) -> Refusal:
        return Refusal(f"{self.name} {why}", self.breaker.retry_after_s(self._clock()))

    def _note(self) -> None:
        """Say once that the breaker has changed."""
        was, self._said = self._said, self.state
        if was is self._said:
            return
        say = log.info if self._said is State.CLOSED else log.warning
        changed = {"dependency": self.name, "was": was.value, "now": self._said.value, "opened": self.breaker.opened}
        say("breaker", extra=changed)
