"""A viewer whose position is ahead of what its edge has released: the log is committed before the broker has told."""

import asyncio

import pytest

from reference_impl.edge import Edge
from reference_impl.ports import Published
from reference_impl.protocol.cursor import Cursor
from reference_impl.protocol.events import Event, EventKind
from reference_impl.protocol.message import Frame
from reference_impl.stream_hub import HubConfig, StreamHub
from tests.parity.hubs import SHOW_ALL

LAST = 7
PATIENCE = 100


class Log:
    """A log with five events."""

    epoch = 7

    async def heads(self, streams):
        return dict.fromkeys(streams, 5)

    async def read(self, stream, *, first, last):
        return [event(seq) for seq in range(first, last + 1)]


class ListViewer:
    """Keeps what it is sent; gives up when it is asked for ever whether it has taken everything."""

    def __init__(self) -> None:
        self.seqs: list[int] = []
        self.has_all = asyncio.Event()
        self._asked = 0

    def deliver(self, frame: Frame) -> None:
        self.seqs += [message.seq for message in frame.messages]
        if self.seqs[-1] == LAST:
            self.has_all.set()

    async def drained(self) -> None:
        self._asked += 1
        assert self._asked < PATIENCE, "joining goes round and round without an end"

    def ping(self) -> None:
        """Nothing to find out."""

    def close(self, _parting: object) -> None:
        """Nothing to close."""


def event(seq: int) -> Event:
    return Event(stream="demo", epoch=7, seq=seq, kind=EventKind.COMMENT, id=f"{seq}", at_ms=0, data={})


@pytest.mark.parametrize("ahead", [1, 3, 5])
def test_a_viewer_that_is_ahead_joins_and_gets_only_what_is_new_to_it(ahead: int) -> None:
    async def join() -> tuple[int, list[int]]:
        loop = asyncio.get_running_loop()
        hub, viewer = StreamHub("demo", 0, Log(), lambda: Edge(None), HubConfig(), loop.time, SHOW_ALL), ListViewer()
        position = await hub.join(viewer, Cursor(7, ahead))
        for seq in range(1, LAST + 1):
            hub.receive(Published(event(seq), None))
        await viewer.has_all.wait()
        hub.stop()
        return position, viewer.seqs

    position, seqs = asyncio.run(asyncio.wait_for(join(), 60))
    assert position == ahead
    assert seqs == list(range(ahead + 1, LAST + 1))
