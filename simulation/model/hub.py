"""The hub of an edge, for one stream: the server's `Sequencer` and `CoalescingWindow` under simulated time."""

from collections.abc import Callable, Iterable
from typing import Protocol

import simpy

from reference_impl.policy.coalescing import CoalescingConfig, CoalescingWindow
from reference_impl.policy.degradation import Relief
from reference_impl.policy.ordering import OrderingConfig, Sequencer
from reference_impl.policy.timer import next_wake
from simulation.model.event_loop import EventLoop, Steps


class Broadcaster(Protocol):
    """Where batches go: an `Edge`, or a test that writes them down."""

    def broadcast(self, seqs: list[int]) -> Steps: ...


class StreamHub:
    """``slack`` draws by how much a timer is late; ``read`` answers which of the missing events the log has.

    With ``read_s`` reading so many takes time, off the loop, and there is one reader at once.
    """

    def __init__(
        self,
        env: simpy.Environment,
        loop: EventLoop,
        edge: Broadcaster,
        coalescing: CoalescingConfig,
        ordering: OrderingConfig,
        read: Callable[[range], Iterable[int]],
        slack: Callable[[], float] = lambda: 0.0,
        *,
        next_seq: int = 1,
        read_s: Callable[[int], float] | None = None,
    ) -> None:
        self._env = env
        self._loop = loop
        self._edge = edge
        self._sequencer: Sequencer[int] = Sequencer(ordering, next_seq=next_seq)
        self._window: CoalescingWindow[int] = CoalescingWindow(coalescing)
        self._read = read
        self._slack = slack
        self._read_s = read_s
        self._filling = False
        self._timer_at: float | None = None

    def receive(self, seq: int) -> Steps:
        """Take an event, in any order; the caller has the loop's turn."""
        now = self._env.now
        for released in self._sequencer.offer(seq, seq, now):
            yield from self._send(self._window.offer(released, now))
        self._arm()

    def head_is(self, seq: int) -> None:
        self._sequencer.head_is(seq, self._env.now)
        self._arm()

    def relieve(self, relief: Relief) -> None:
        """Send less often, or as often as before again."""
        self._window.factor = relief.window_factor

    def _send(self, batch: list[int]) -> Steps:
        if batch:
            yield from self._edge.broadcast(batch)
            self._window.sent(self._env.now)

    def _arm(self, woken_at: float | None = None) -> None:
        at = next_wake(self._window.deadline, self._sequencer.deadline, woken_at=woken_at)
        if at is None or (self._timer_at is not None and self._timer_at <= at):
            return
        self._timer_at = at
        self._env.process(self._wake(at))

    def _wake(self, at: float) -> Steps:
        yield self._env.timeout(max(0.0, at - self._env.now) + self._slack())  # a deadline may have passed already
        if self._timer_at != at:  # a later call set the timer for earlier
            return
        with self._loop.turn() as turn:
            yield turn
            self._timer_at = None
            now = max(self._env.now, at)  # now + (at - now) may round to just before `at`
            yield from self._send(self._window.flush(now))
            missing = self._sequencer.missing(now)
            self._arm(woken_at=now)
            if self._read_s is None:
                for seq in self._read(missing):
                    yield from self.receive(seq)
            elif missing and not self._filling:
                self._env.process(self._fill(missing, self._read_s(len(missing))))

    def _fill(self, missing: range, read_s: float) -> Steps:
        self._filling = True
        yield self._env.timeout(read_s)
        found = list(self._read(missing))
        with self._loop.turn() as turn:
            yield turn
            for seq in found:
                yield from self.receive(seq)
        self._filling = False
