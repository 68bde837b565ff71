"""What brings the broker's messages to a hub in SimPy: each is a callback on the edge's loop, in order of arrival."""

from collections.abc import Sequence

import simpy

from simulation.model.event_loop import EventLoop, Steps
from simulation.model.hub import StreamHub


class Subscriber:
    """``receive_s`` is what a message costs the loop before the hub has it."""

    def __init__(self, env: simpy.Environment, loop: EventLoop, hub: StreamHub, receive_s: float) -> None:
        self._env = env
        self._loop = loop
        self._hub = hub
        self._receive_s = receive_s

    def run(self, seqs: Sequence[int], arrivals_s: Sequence[float]) -> Steps:
        """Hand over every message at its time, whatever became of the earlier ones."""
        for seq, at_s in zip(seqs, arrivals_s, strict=True):
            yield self._env.timeout(max(0.0, at_s - self._env.now))
            self._env.process(self._receive(seq))

    def _receive(self, seq: int) -> Steps:
        with self._loop.turn() as turn:
            yield turn
            yield from self._loop.hold(self._receive_s)
            yield from self._hub.receive(seq)
