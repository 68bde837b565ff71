"""One trace through each of the two hubs: the server's, on asyncio, and the model's, on SimPy."""

import asyncio
from collections.abc import Iterable, Sequence

import simpy

from reference_impl.edge import Edge
from reference_impl.policy.coalescing import CoalescingConfig
from reference_impl.policy.ordering import OrderingConfig
from reference_impl.ports import Answer, Published
from reference_impl.protocol.events import Draft, Event, EventKind
from reference_impl.protocol.message import Frame, Parting
from reference_impl.protocol.streams import Display, StreamSettings
from reference_impl.stream_hub import HubConfig
from reference_impl.stream_hub import StreamHub as LiveHub
from simulation.model.event_loop import EventLoop, Steps
from simulation.model.hub import StreamHub as SimulatedHub
from simulation.virtual_time import run
from tests.parity.traces import Trace

STREAM = "match"
SHOW_ALL = StreamSettings(display=Display.ALL)
SETTLE_S = 5.0

Sent = list[tuple[float, list[int]]]
"""What went out: (time, seqs) of each batch."""


def comment(seq: int) -> Event:
    return Event(stream=STREAM, epoch=1, seq=seq, kind=EventKind.COMMENT, id=str(seq), at_ms=0, data={"text": "hello"})


class MemoryLog:
    """A log that holds events 1 .. ``head`` and answers at once; it counts what was read from it."""

    epoch = 1

    def __init__(self, head: int) -> None:
        self._head = head
        self.reads: list[range] = []

    def have(self, wanted: range) -> Iterable[int]:
        if wanted:
            self.reads.append(wanted)
        return (seq for seq in wanted if seq <= self._head)

    async def read(self, stream: str, *, first: int, last: int) -> list[Event]:
        return [comment(seq) for seq in self.have(range(first, last + 1))]

    async def heads(self, streams: Sequence[str]) -> dict[str, int]:
        return dict.fromkeys(streams, self._head)

    async def append(self, drafts: Sequence[Draft]) -> list[Answer]:
        raise NotImplementedError("the trace is all there is")

    async def replay(self, draft: Draft) -> Answer | None:
        raise NotImplementedError("the trace is all there is")

    async def close(self) -> None:
        pass


class WritingViewer:
    """Writes down when it got what."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self.sent: Sent = []

    def deliver(self, frame: Frame) -> None:
        assert frame.first, f"nothing but events is to be sent, got {frame.messages}"
        self.sent.append((self._loop.time(), [each.seq for each in frame.messages]))

    async def drained(self) -> None:
        pass

    def ping(self) -> None:
        pass

    def close(self, parting: Parting) -> None:
        pass


class WritingEdge:
    """Writes down when what was sent, and takes no time for it."""

    def __init__(self, env: simpy.Environment) -> None:
        self._env = env
        self.sent: Sent = []

    def broadcast(self, seqs: list[int]) -> Steps:
        self.sent.append((self._env.now, seqs))
        yield from ()


def live_batches(trace: Trace, coalescing: CoalescingConfig, ordering: OrderingConfig, log: MemoryLog) -> Sent:
    async def main() -> Sent:
        loop = asyncio.get_running_loop()
        config = HubConfig(coalescing=coalescing, ordering=ordering)
        hub = LiveHub(STREAM, 0, log, lambda: Edge(None), config, loop.time, SHOW_ALL)
        viewer = WritingViewer(loop)
        await hub.join(viewer, None)
        for at, seq in trace.arrivals:
            loop.call_at(at, hub.receive, Published(comment(seq), None))
        loop.call_at(trace.head_at_s, hub.head_is, trace.last)
        await asyncio.sleep(trace.head_at_s + SETTLE_S)
        hub.stop()
        return viewer.sent

    return run(main())


def simulated_batches(trace: Trace, coalescing: CoalescingConfig, ordering: OrderingConfig, log: MemoryLog) -> Sent:
    env = simpy.Environment()
    loop, edge = EventLoop(env), WritingEdge(env)
    hub = SimulatedHub(env, loop, edge, coalescing, ordering, read=log.have)

    def arrive(at: float, seq: int) -> Steps:
        yield env.timeout(at)
        with loop.turn() as turn:
            yield turn
            yield from hub.receive(seq)

    def tell_head() -> Steps:
        yield env.timeout(trace.head_at_s)
        hub.head_is(trace.last)

    for at, seq in trace.arrivals:
        env.process(arrive(at, seq))
    env.process(tell_head())
    env.run(until=trace.head_at_s + SETTLE_S)
    return edge.sent
