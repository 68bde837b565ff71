"""The breakers of a broker's nodes: a node that takes nothing for a while is left alone, and so are messages for it.

Its calls are what the writer of a node does: connecting, with the greeting, and each write with its answers. While it
is open no message waits, for what waits so long has been found in the log; half-open, the writer connects once.
"""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from random import Random

from reference_impl.adapters.redis.link import SILENCE_S
from reference_impl.adapters.redis.nodes import Node
from reference_impl.policy.circuit_breaker import BreakerConfig, CircuitBreaker, State
from reference_impl.ports import Clock

STALE_S = 2.0  # what has waited longer has been found in the log by everybody

# To try a connection costs little, so it is tried again soon. What is slow has not failed before the other side is
# taken for dead: in a burst it may be this process that is late.
NODE = BreakerConfig(
    silence_s=STALE_S, slow_s=SILENCE_S, probes_max=1, successes=1, open_s=0.5, open_max_s=2.0, calm_s=10.0
)
_WORST_FIRST = (State.OPEN, State.HALF_OPEN, State.CLOSED)


class NodeBreaker:
    """``refused`` counts messages that were dropped because it was open."""

    def __init__(self, clock: Clock, rng: Random) -> None:
        self.policy = CircuitBreaker(NODE, rng)
        self.refused = 0
        self._clock = clock

    @property
    def state(self) -> State:
        return self.policy.state(self._clock())

    def left_alone_s(self) -> float:
        """For how long the node is left alone from now on; 0 when it is not."""
        return self.policy.retry_after_s(self._clock()) if self.state is State.OPEN else 0.0

    @contextmanager
    def call(self) -> Iterator[None]:
        """Learn from how the block ends."""
        call = self.policy.admit(self._clock())  # None: somewhat before its time, which teaches nothing
        try:
            yield
        except BaseException as error:
            if call and isinstance(error, asyncio.CancelledError):
                self.policy.abandoned(call)
            elif call:
                self.policy.failed(call, self._clock())
            raise
        if call:
            self.policy.succeeded(call, self._clock())


class NodeBreakers:
    """Those of one broker, told of as if they were one."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._of: dict[Node, NodeBreaker] = {}
        self._opened = self._refused = 0  # of nodes that are gone

    def of(self, node: Node) -> NodeBreaker:
        return self._of.setdefault(node, NodeBreaker(self._clock, Random()))

    def forget(self, node: Node) -> None:
        if gone := self._of.pop(node, None):
            self._opened += gone.policy.opened
            self._refused += gone.refused

    def status(self) -> dict[str, str | int]:
        """The worst state of a node, and sums: calls and failures of the window, the others since the process began."""
        states = {each.state for each in self._of.values()} or {State.CLOSED}
        counts = [each.policy.counts(self._clock()) for each in self._of.values()]
        return {
            "state": next(state.value for state in _WORST_FIRST if state in states),
            "calls": sum(calls for calls, _ in counts),
            "failures": sum(failures for _, failures in counts),
            "opened": self._opened + sum(each.policy.opened for each in self._of.values()),
            "refused": self._refused + sum(each.refused for each in self._of.values()),
        }
