"""A cache in front of a server: a worker of nginx that is set up as `deploy/nginx.conf` has it.

What is fresh is answered. When something has expired the first who asks for it waits for the server, and the others are
given the old one meanwhile (``proxy_cache_use_stale updating``). Of those who ask for what is not there one goes to the
server; the others look again every half second (``proxy_cache_lock``, whose timer that is in nginx's source).
"""

from collections.abc import Callable, Generator, Hashable
from dataclasses import dataclass
from math import floor, inf
from typing import Any

import simpy

from reference_impl.policy.single_flight import Flights
from simulation.model.event_loop import EventLoop

LOOK_AGAIN_S = 0.5

Fetch = Callable[[], Generator[simpy.Event, Any, Any]]


@dataclass(frozen=True, slots=True)
class Kept:
    value: Any
    until_s: float


class HttpCache:
    """``cost`` draws what a request takes on its loop, from how long that has been idle; one for the server takes two.

    ``clock_s`` is where the wall clock was within its second as the run began: freshness is counted in whole seconds.
    """

    def __init__(
        self, env: simpy.Environment, loop: EventLoop, cost: Callable[[float], float], clock_s: float = 0.0
    ) -> None:
        self._env = env
        self._loop = loop
        self._cost = cost
        self._clock_s = clock_s
        self._kept: dict[Hashable, Kept] = {}
        self._flights: Flights[object] = Flights()
        self.asked = self.fetched = 0

    def get(self, address: Hashable, fetch: Fetch, fresh_s: int | None) -> Generator[simpy.Event, Any, Any]:
        """What is at an address, in the end by ``fetch``; ``fresh_s`` None keeps it for good."""
        self.asked += 1
        yield from self._work()
        while True:
            kept = self._kept.get(address)
            if kept is not None and (self._env.now < kept.until_s or address in self._flights):
                return kept.value
            if self._flights.join(address) is None:
                return (yield from self._fetch(address, fetch, fresh_s))
            yield self._env.timeout(LOOK_AGAIN_S)

    def _fetch(self, address: Hashable, fetch: Fetch, fresh_s: int | None) -> Generator[simpy.Event, Any, Any]:
        flight = object()
        self._flights.depart(address, flight)
        self.fetched += 1
        value = yield from fetch()
        yield from self._work()
        self._kept[address] = Kept(value, self._expires_s(fresh_s))
        self._flights.land(address, flight)
        return value

    def _expires_s(self, fresh_s: int | None) -> float:
        """nginx compares whole seconds: what is fresh for one second lives until the second after the next begins."""
        if fresh_s is None:
            return inf
        return floor(self._env.now + self._clock_s) + fresh_s + 1 - self._clock_s

    def _work(self) -> Generator[simpy.Event, Any, None]:
        with self._loop.turn() as turn:
            yield turn
            yield from self._loop.hold(self._cost(self._env.now - self._loop.active_at))
