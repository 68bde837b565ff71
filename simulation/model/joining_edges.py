"""Edges that are alike, before which a crowd stands: who comes in when, and how long comments wait behind that.

A group of edges that have begun together, and get the same share of all tries, is one event loop with so many times
the room. The loop takes tries and comments in the order they came, and comments that wait together with the first of
them; whoever finds too many connections waiting to be
accepted is not answered at all. Comments are collected by the `CoalescingWindow` and written to those first who were
there first. Who may join is for `Connections` to say, when his request has its turn.
"""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np

from reference_impl.policy.coalescing import CoalescingConfig, CoalescingWindow
from reference_impl.policy.connections import ConnectionConfig, Connections, Crowded
from simulation.model.mixture import Array
from simulation.model.samples import Numbers

BACKLOG = 4096  # connections that wait to be accepted, as the server has it


@dataclass(frozen=True, slots=True, kw_only=True)
class JoiningCosts:
    """Of an event loop, in seconds; ``send_s`` is of one viewer."""

    join_s: float
    refuse_s: float
    receive_s: float
    send_s: float


class Told(Protocol):
    """What becomes of tries and comments."""

    def joined(self, viewers: Numbers, at_s: Array) -> None: ...

    def refused(self, viewers: Numbers, at_s: Array, crowded: Crowded) -> None: ...

    def unanswered(self, viewers: Numbers, at_s: Array) -> None: ...

    def written(self, comments: Sequence[int], start_s: float, span_s: float, present: int) -> None:
        """A fan-out began; writing to the first ones, who were there before the crowd, takes so long."""


@dataclass(frozen=True, slots=True)
class Tries:
    """Of shape (n,), in order of their times."""

    times_s: Array
    viewers: Numbers

    @property
    def at_s(self) -> float:
        return float(self.times_s[0])


class JoiningEdges:
    """``slowness``: how many times longer everything takes, because others run on the same core."""

    def __init__(
        self, edges: int, present: int, connections: ConnectionConfig, costs: JoiningCosts, told: Told, ready_s: float
    ) -> None:
        self.edges = edges
        self.slowness = 1.0
        self.busy_s = 0.0  # of all of them
        self.tries = 0
        self._present = present
        self._costs = costs
        self._told = told
        together = replace(
            connections,
            viewers_max=edges * connections.viewers_max,
            joins_per_s=edges * connections.joins_per_s,
        )
        self._connections = Connections(together)
        self._connections.viewers = present
        self._tries: deque[Tries] = deque()
        self._comments: deque[tuple[float, int]] = deque()
        self._waiting = 0
        self._window: CoalescingWindow[int] = CoalescingWindow(CoalescingConfig())
        self._now = ready_s

    @property
    def viewers(self) -> int:
        return self._connections.viewers

    def come(self, times_s: Array, viewers: Numbers) -> None:
        """They connect; those for whom there is no room in the backlog are never answered."""
        room = max(0, self.edges * BACKLOG - self._waiting)
        if len(viewers) > room:
            self._told.unanswered(viewers[room:], times_s[room:])
        if len(viewers) and room:
            self._waiting += min(len(viewers), room)
            self._tries.append(Tries(times_s[:room], viewers[:room]))

    def receive(self, at_s: float, number: int) -> None:
        self._comments.append((at_s, number))

    def work(self, until_s: float) -> None:
        """Do what the loop begins before then, timers before what came after they were due."""
        while (begins_s := max(self._now, self._next_s)) < until_s:
            if self._flushed(begins_s):
                continue
            self._now = begins_s
            if self._comments and self._comments[0][0] <= self._next_s:
                self._receive()
            else:
                self._try(self._tries.popleft())
        self._flushed(until_s)

    @property
    def _next_s(self) -> float:
        """When that came which is the loop's next."""
        tries_s = self._tries[0].at_s if self._tries else float("inf")
        return min(tries_s, self._comments[0][0]) if self._comments else tries_s

    def _receive(self) -> None:
        """All that the broker has sent by now is read together."""
        numbers = []
        while self._comments and self._comments[0][0] <= self._now:
            numbers.append(self._comments.popleft()[1])
        self._spend(self._costs.receive_s * len(numbers))
        self._send(self._window.offer_all(numbers, self._now))

    def _flushed(self, until_s: float) -> bool:
        due_s = self._window.deadline
        if due_s is None or max(self._now, due_s) >= until_s:
            return False
        self._now = max(self._now, due_s)
        self._send(self._window.flush(self._now))
        return True

    def _try(self, tries: Tries) -> None:
        count = len(tries.viewers)
        self._waiting -= count
        self.tries += count
        entered, crowded = self._enter(count)
        costs_s = np.repeat([self._costs.join_s, self._costs.refuse_s], [entered, count - entered])
        ends_s = self._one_after_another(tries.times_s, costs_s)
        if entered:
            self._told.joined(tries.viewers[:entered], ends_s[:entered])
        if crowded is not None:
            self._told.refused(tries.viewers[entered:], ends_s[entered:], crowded)

    def _enter(self, count: int) -> tuple[int, Crowded | None]:
        """How many of them come in, and why the others do not."""
        entered = self._connections.enter_all(count, self._now)
        return entered, None if entered == count else self._connections.enter(None, self._now, joins=True)

    def _one_after_another(self, times_s: Array, costs_s: Array) -> Array:
        """When each of them has had his turn: Lindley's recursion, with the costs parted among the edges."""
        each_s = costs_s * (self.slowness / self.edges)
        ahead_s = np.cumsum(each_s) - each_s
        ends_s: Array = np.maximum.accumulate(np.maximum(times_s, self._now) - ahead_s) + ahead_s + each_s
        self._now = float(ends_s[-1])
        self.busy_s += float(costs_s.sum())
        return ends_s

    def _spend(self, cost_s: float) -> None:
        """Every edge of the group does it."""
        self._now += cost_s * self.slowness
        self.busy_s += cost_s * self.edges

    def _send(self, comments: list[int]) -> None:
        if not comments:
            return
        if self._present:
            span_s = self._costs.send_s * self.slowness * self._present / self.edges
            self._told.written(comments, self._now, span_s, self._present)
        self._spend(self._costs.send_s * self.viewers / self.edges)
        self._window.sent(self._now)
