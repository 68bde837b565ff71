"""A server's newest pages, from the cache or from the log, by the server's own policies; there are none further back.

Costs are seconds of the server's core: on its event loop, or of the thread that reads the log.
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from random import Random
from typing import TypeVar

import simpy

from reference_impl.policy.circuit_breaker import BreakerConfig, State
from reference_impl.policy.hot_keys import HotKeys
from reference_impl.policy.recent_window import (
    CACHE_BREAKER,
    CACHE_DEADLINE_S,
    CACHE_PLACES,
    WARMING_PLACES,
    Mend,
    Recall,
    RecentConfig,
    Wanted,
    mend,
)
from reference_impl.policy.single_flight import Flights
from reference_impl.policy.warming import Copy, judge
from simulation.model.cache import Asking, Cache, Found, Key
from simulation.model.database import Reader
from simulation.model.event_loop import EventLoop, Steps
from simulation.model.guard import Guard

T = TypeVar("T")

NEWEST = Wanted(True, None, 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class PageCosts:
    """``call_s`` is a command to the cache besides a recall, ``failed_s`` one that is refused, ``connect_s`` making a
    connection to it: there are as many as there ever were commands at once."""

    request_s: float = 0.0
    answer_s: float = 0.0
    recall_s: float = 0.0
    call_s: float = 0.0
    failed_s: float = 0.0
    connect_s: float = 0.0
    head_s: float = 0.0
    read_s: float = 0.0  # of the log: for a page, with its head,
    comment_s: float = 0.0  # and for each comment in it


@dataclass(slots=True)
class Stream:
    """What the log has of a stream."""

    name: str
    head: int


@dataclass(slots=True)
class Head:
    """The head as a server knows it, a second old at the most; one asks for all who wait."""

    value: int = 0
    until_s: float = float("-inf")
    asked: simpy.Process | None = None


class Log:
    """Reads of history behind their guard."""

    def __init__(self, env: simpy.Environment, reader: Reader, guard: Guard, costs: PageCosts) -> None:
        self._env, self._reader, self._guard, self._costs = env, reader, guard, costs
        self.pages = 0

    def page(self, comments: int) -> Asking[bool]:
        """Two reads: of the head, and then of the comments up to it."""
        self.pages += 1
        cost_s = self._costs.read_s - self._costs.head_s + self._costs.comment_s * comments
        return (yield from self.head()) and (yield from self._read(max(0.0, cost_s)))

    def head(self) -> Asking[bool]:
        return (yield from self._read(self._costs.head_s))

    def _read(self, cost_s: float) -> Asking[bool]:
        done, _ = yield from self._guard.once(lambda: self._done(cost_s))
        return done

    def _done(self, cost_s: float) -> Asking[bool]:
        yield from self._reader.read(cost_s)
        return True


@dataclass(slots=True)
class Guards:
    """Those of one server: of the cache, of the making of windows, of reads."""

    cache: Guard
    warming: Guard
    reads: Guard

    @classmethod
    def made(cls, env: simpy.Environment, rng: Random, breaker: BreakerConfig = CACHE_BREAKER) -> "Guards":
        """As the server has them."""
        log = BreakerConfig()
        return cls(
            Guard(env, breaker, rng, CACHE_PLACES, CACHE_DEADLINE_S), Guard(env, log, rng, WARMING_PLACES),
            Guard(env, log, rng),
        )  # fmt: skip


@dataclass(slots=True)
class CachedPages:
    """``cache`` is None where pages come from the log alone. ``counts`` says how they were found."""

    env: simpy.Environment
    loop: EventLoop
    cache: Cache | None
    log: Log
    guards: Guards
    config: RecentConfig
    costs: PageCosts
    rng: Random
    counts: Counter[str] = field(default_factory=Counter)
    _hot: HotKeys = field(init=False)
    _flights: Flights[simpy.Process] = field(init=False)
    _head: Head = field(default_factory=Head)
    _connections: int = 0

    def __post_init__(self) -> None:
        self._hot = HotKeys(self.config.hot_keys)
        self._flights = Flights(shared=self.config.single_flight)

    def has_been_asked(self, stream: Stream, times: int) -> None:
        """So often, just before the run: a stream may have been hot for long, and the connections are there."""
        self._hot.used(stream.name, self.env.now, times)
        self._connections = CACHE_PLACES.in_flight_max

    def page(self, stream: Stream, limit: int) -> Asking[bool]:
        """One request for the newest page; False: it could not be answered."""
        yield from self.loop.run(self.costs.request_s)
        wanted = Wanted(True, None, limit)
        good = yield from self._found(stream, wanted) if self.cache else self.log.page(limit)
        yield from self.loop.run(self.costs.answer_s)
        return good

    def _found(self, stream: Stream, wanted: Wanted) -> Asking[bool]:
        copies = self._hot.used(stream.name, self.env.now)
        key = stream.name, self.rng.randrange(copies)
        head = yield from self._newest_head(stream)
        found = yield from self._recall(key, copies, head, wanted)
        if found is None:
            self.counts["away"] += 1
            return (yield from self._from_log(key, wanted))
        if found.recall is not Recall.HIT:
            self.counts[found.recall] += 1
            return (yield from self._miss(stream, key, head, wanted, found))
        good = judge(self.config.warming, found.age_s, found.cost_s, self.rng)
        if good is Copy.EXPIRED:
            self.counts[good.value] += 1
            return (yield from self._miss(stream, key, head, wanted, Found(Recall.MISSING)))
        self.counts[Recall.HIT] += 1
        if good is Copy.DUE:
            self._start(("make", key), lambda: self._make(stream, key, max(found.window.size, 1)))
        return True

    def _miss(self, stream: Stream, key: Key, head: int, wanted: Wanted, found: Found) -> Asking[bool]:
        """See to it that the next one finds it, and answer."""
        needed = mend(self.config, found.recall, found.window, head, wanted)
        if needed is Mend.CATCH_UP:
            yield self._start(("catch up", key), lambda: self._catch_up(key, found.window.through + 1, head))
        elif needed is Mend.FORGET:
            yield self._start(("catch up", key), lambda: self._forget(key))
        elif needed is Mend.MAKE:
            wide = wanted.limit + self.config.more
            yield self._start(("make", key), lambda: self._make(stream, key, wide))
        else:
            return (yield from self._from_log(key, wanted))
        again = yield from self._recall(key, 1, head, wanted)
        if again is not None and again.recall is Recall.HIT:
            return True
        return (yield from self._from_log(key, wanted))

    def _start(self, question: object, mend: Callable[[], Asking[bool]]) -> simpy.Process:
        """Have a window mended, a few at a time, by one of those who need it."""
        return self._flight(question, lambda: self._warmed(mend))

    def _warmed(self, mend: Callable[[], Asking[bool]]) -> Asking[bool]:
        done, _ = yield from self.guards.warming.once(mend)
        return done

    def _from_log(self, key: Key, wanted: Wanted) -> Asking[bool]:
        good: bool = yield self._flight(("page", key[0], wanted), lambda: self.log.page(wanted.limit))
        return good

    def _flight(self, question: object, ask: Callable[[], Asking[bool]]) -> simpy.Process:
        flight = self._flights.join(question)
        if flight is None:
            flight = self.env.process(ask())
            self._flights.depart(question, flight)
            assert flight.callbacks is not None
            landing = flight
            flight.callbacks.append(lambda _: self._flights.land(question, landing))
        return flight

    def _make(self, stream: Stream, key: Key, comments: int) -> Asking[bool]:
        """Read the newest comments into a window, unless another server is about to; then wait for it a moment."""
        assert self.cache
        cache = self.cache
        if self.config.single_flight and not (yield from self._call(lambda: cache.lease(key))):
            return (yield from self._wait(key))
        began_s, head = self.env.now, stream.head
        wide = min(comments, self.config.comments_max)
        if not (yield from self.log.page(wide)):
            return False
        cost_s = self.env.now - began_s
        return bool((yield from self._call(lambda: cache.build(key, head, wide, cost_s))))

    def _wait(self, key: Key) -> Asking[bool]:
        for _ in range(round(self.config.patience_s / self.config.look_s)):
            yield self.env.timeout(self.config.look_s)
            found = yield from self._recall(key, 1, 0, NEWEST)
            if found is None or found.recall is not Recall.MISSING:
                return found is not None
        return True

    def _catch_up(self, key: Key, first: int, last: int) -> Asking[bool]:
        assert self.cache
        cache = self.cache
        if not (yield from self.log.page(last - first + 1)):
            return False
        return (yield from self._call(lambda: cache.remember(key, first, last))) is not None

    def _forget(self, key: Key) -> Asking[bool]:
        assert self.cache
        cache = self.cache
        return (yield from self._call(lambda: cache.forget(key))) is not None

    def _recall(self, key: Key, copies: int, head: int, wanted: Wanted) -> Asking[Found | None]:
        assert self.cache
        cache = self.cache
        return (yield from self._call(lambda: cache.recall(key, copies, head, wanted), self.costs.recall_s))

    def _call(self, ask: Callable[[], Asking[T | None]], cost_s: float | None = None) -> Asking[T | None]:
        """A command through the guard; None: the cache is away, or left alone."""
        answers: list[T] = []
        done, _ = yield from self.guards.cache.once(lambda: self._asked(ask, answers))
        if done:
            yield from self.loop.run(self.costs.call_s if cost_s is None else cost_s)
        return answers[0] if done else None

    def _asked(self, ask: Callable[[], Asking[T | None]], answers: list[T]) -> Asking[bool]:
        if self.guards.cache.bulkhead.in_flight > self._connections:
            self._connections += 1
            yield from self.loop.run(self.costs.connect_s)
        answer = yield from ask()
        if answer is None:
            yield from self.loop.run(self.costs.failed_s)
            return False
        answers.append(answer)
        return True

    def _newest_head(self, stream: Stream) -> Asking[int]:
        head = self._head
        if self.env.now >= head.until_s:
            if head.asked is None:
                head.asked = self.env.process(self._ask_head(stream))
            yield head.asked
        return self._head.value

    def _ask_head(self, stream: Stream) -> Steps:
        value = stream.head
        yield from self.log.head()
        self._head = Head(value, self.env.now + self.config.head_fresh_s)


class CacheWriter:
    """Brings what is committed into all copies of a window before its author is answered (write-through)."""

    def __init__(self, cache: Cache, guard: Guard, loop: EventLoop, call_s: float) -> None:
        self._cache, self._guard, self._loop, self._call_s = cache, guard, loop, call_s

    def write(self, stream: Stream, seq: int) -> Steps:
        if self._guard.state is not State.CLOSED:
            return  # to find out whether it is back is for readers
        copies: list[int] = []
        yield from self._guard.once(lambda: self._remember((stream.name, 0), seq, copies))
        for copy in range(1, max(copies, default=1)):
            yield from self._guard.once(partial(self._remember, (stream.name, copy), seq, copies))

    def _remember(self, key: Key, seq: int, copies: list[int]) -> Asking[bool]:
        answer = yield from self._cache.remember(key, seq, seq)
        yield from self._loop.run(self._call_s)
        copies.append(answer or 0)
        return answer is not None
