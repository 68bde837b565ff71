"""An edge that can be killed: its event loop, the hub of one stream, its viewers, and their way back in."""

from collections.abc import Callable
from dataclasses import dataclass
from random import Random

import simpy

from reference_impl.policy.coalescing import CoalescingConfig
from reference_impl.policy.ordering import OrderingConfig
from reference_impl.policy.retry import Retry, RetryConfig
from simulation.model.event_loop import EventLoop, Steps
from simulation.model.hub import StreamHub
from simulation.model.restarts import Process


@dataclass(slots=True)
class Viewer:
    """``position``: the last event that it has."""

    number: int
    retry: Retry
    position: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class EdgeCosts:
    """Draws, in seconds: of opening a stream, of joining it and of catching up (on the loop), of a read of the log."""

    open_s: Callable[[], float]
    join_s: Callable[[], float]
    catch_up_s: Callable[[], float]
    read_s: Callable[[], float]
    send_s: float  # of one viewer


class EdgeProcess(Process):
    """``head`` answers the log's last event; ``seen`` is told of every (viewer, event, time)."""

    def __init__(
        self,
        env: simpy.Environment,
        viewers: list[Viewer],
        costs: EdgeCosts,
        head: Callable[[], int],
        seen: Callable[[int, int, float], None],
        heads_s: float,
        rng: Random,
    ) -> None:
        super().__init__(env)
        self._costs = costs
        self._head = head
        self._seen = seen
        self._heads_s = heads_s
        self.joins_s: list[float] = []
        self.position = 0
        self.connected = {viewer.number: viewer for viewer in viewers}
        self._begin(rng.random() * heads_s)

    def kill(self) -> None:
        """End it; its viewers notice at once, since their kernel tells them, and come back by themselves."""
        gone, self.connected = list(self.connected.values()), {}
        self.loop.kill()
        super().kill()
        for viewer in gone:
            self.env.process(self._come_back(viewer))

    def start(self, start_s: float) -> Steps:
        yield from super().start(start_s)
        self._begin(self._heads_s)

    def receive(self, seq: int) -> None:
        """An event from the broker."""
        if self.up:
            self.env.process(self._receive(self.hub, seq))

    def broadcast(self, seqs: list[int]) -> Steps:
        """Write a batch to everybody; the caller has the loop's turn."""
        self.position = max(self.position, seqs[-1])
        viewers = list(self.connected.values())
        yield from self.loop.hold(self._costs.send_s * len(viewers))
        for viewer in viewers:
            self._deliver(viewer, self.position)

    def _begin(self, first_s: float) -> None:
        self.loop = EventLoop(self.env)
        self._opened = bool(self.connected)
        self.position = self._head()
        self.hub = StreamHub(
            self.env, self.loop, self, CoalescingConfig(), OrderingConfig(), read=lambda missing: missing,
            next_seq=self.position + 1, read_s=lambda missing: self._costs.read_s(),
        )  # fmt: skip
        self.env.process(self._ask_heads(self.hub, first_s))

    def _receive(self, hub: StreamHub, seq: int) -> Steps:
        with self.loop.turn() as turn:
            yield turn
            yield from hub.receive(seq)

    def _ask_heads(self, hub: StreamHub, first_s: float) -> Steps:
        """Find what the broker has lost, once a second."""
        yield self.env.timeout(first_s)
        while self.up and hub is self.hub:
            yield self.env.timeout(self._costs.read_s())
            hub.head_is(self._head())
            yield self.env.timeout(self._heads_s)

    def _come_back(self, viewer: Viewer) -> Steps:
        while True:
            yield self.env.timeout(viewer.retry.failed(0.0) or 0.0)
            if self.up:
                yield from self._join(viewer)
                return

    def _join(self, viewer: Viewer) -> Steps:
        """A request, then all that was missed: of a crowd all are let in before the first has caught up."""
        with self.loop.turn() as turn:
            yield turn
            if not self._opened:
                self._opened = True
                yield from self.loop.hold(self._costs.open_s())
            yield from self.loop.hold(self._costs.join_s())
        self.joins_s.append(self.env.now)
        viewer.retry.succeeded()
        with self.loop.turn() as turn:
            yield turn
            yield from self.loop.hold(self._costs.catch_up_s())
        self.connected[viewer.number] = viewer
        self._deliver(viewer, self.position)

    def _deliver(self, viewer: Viewer, position: int) -> None:
        for seq in range(viewer.position + 1, position + 1):
            self._seen(viewer.number, seq, self.env.now)
        viewer.position = max(viewer.position, position)


def viewers(first: int, count: int, retry: RetryConfig, rng: Random) -> list[Viewer]:
    return [Viewer(first + number, Retry(retry, rng)) for number in range(count)]
