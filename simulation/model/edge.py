"""The fan-out loop of an edge: one write per viewer per batch, in sequence, on the event loop.

The deliveries of one batch are kept as one interval, not as an event each: the viewer at rank r of n receives at
``start + first_lag + r / n * span``. Quantiles over all viewers are exact under that rule, and the cost of a run does
not depend on the audience.

With a queue for each viewer the loop fills the queues only, and a task for each viewer writes what is in it: the window
rests from when the queues are filled, while the tasks have the loop until the last viewer has received.
"""

from collections.abc import Callable
from dataclasses import dataclass

import simpy

from simulation.model.costs import FanOutCost
from simulation.model.event_loop import EventLoop, Steps

NEVER_S = 3_600.0  # before a process's first fan-out it counts as idle for so long


@dataclass(frozen=True, slots=True)
class FanOut:
    """One batch on its way to all viewers."""

    seqs: list[int]
    start_s: float
    cost: FanOutCost


class Edge:
    """``cost`` draws what a fan-out takes, from (idle gap in s since the last one, events in the batch)."""

    def __init__(
        self,
        env: simpy.Environment,
        loop: EventLoop,
        cost: Callable[[float, int], FanOutCost],
        *,
        queued: bool = False,
    ) -> None:
        self._env = env
        self._loop = loop
        self._cost = cost
        self._queued = queued
        self._last_end_s = env.now - NEVER_S
        self.fan_outs: list[FanOut] = []

    @property
    def idle_s(self) -> float:
        """How long ago the last fan-out ended."""
        return self._env.now - self._last_end_s

    def broadcast(self, seqs: list[int]) -> Steps:
        """Write a batch to everybody; the caller has the loop's turn."""
        start_s = self._env.now
        cost = self._cost(self.idle_s, len(seqs))
        self.fan_outs.append(FanOut(seqs, start_s, cost))
        yield from self._loop.hold(cost.duration_s)
        self._last_end_s = self._env.now
        if self._queued:
            self._env.process(self._loop.run(max(0.0, cost.first_lag_s + cost.span_s - cost.duration_s)))
