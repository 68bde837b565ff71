"""The hub tells the broker which streams it needs: from its first viewer until it has forgotten the stream."""

import asyncio

import pytest

from reference_impl.adapters.memory import MemoryBroker
from reference_impl.hub import Hub
from reference_impl.ports import LogUnavailable, Published
from reference_impl.protocol.events import Event, EventKind
from reference_impl.stream_hub import HubConfig
from tests.edge.test_hub import Silent, show_all
from tests.parity.hubs import STREAM, MemoryLog


class ListeningBroker(MemoryBroker):
    """Writes down what is followed."""

    def __init__(self, loop):
        super().__init__(loop)
        self.said = []

    def follow(self, stream):
        self.said.append(("follow", stream))

    def forget(self, stream):
        self.said.append(("forget", stream))


class AwayLog(MemoryLog):
    async def heads(self, streams):
        raise LogUnavailable("away")


def with_hub(work, log=None, **config):
    """What the broker was told while a coroutine used a hub."""

    async def main():
        loop = asyncio.get_running_loop()
        broker = ListeningBroker(loop)
        config_ = HubConfig(**config)
        hub = Hub(log or MemoryLog(0), config_, loop.time, loop.time, settings_of=show_all, broker=broker)
        await work(hub, broker)
        return broker.said

    return asyncio.run(asyncio.wait_for(main(), 60))


def test_a_stream_is_followed_once_for_all_its_viewers():
    async def two_join(hub, broker):
        await asyncio.gather(*(hub.join(STREAM, Silent(), None, None) for _ in range(2)))

    assert with_hub(two_join) == [("follow", STREAM)]


def test_a_stream_that_nobody_watches_any_more_is_forgotten():
    async def join_and_leave(hub, broker):
        (await hub.join(STREAM, Silent(), None, None)).leave()
        looking = asyncio.create_task(hub.run())
        while len(broker.said) < 2:  # noqa: ASYNC110 - the hub's own round is what is waited for
            await asyncio.sleep(0)
        looking.cancel()

    assert with_hub(join_and_leave, heads_s=0.001) == [("follow", STREAM), ("forget", STREAM)]


def test_a_stream_that_could_not_be_opened_is_not_followed_on():
    async def join(hub, broker):
        with pytest.raises(LogUnavailable):
            await hub.join(STREAM, Silent(), None, None)

    assert with_hub(join, AwayLog(0)) == [("follow", STREAM), ("forget", STREAM)]


def test_a_hub_that_closes_forgets_all():
    async def join_and_close(hub, broker):
        await hub.join(STREAM, Silent(), None, None)
        hub.close()

    assert with_hub(join_and_close) == [("follow", STREAM), ("forget", STREAM)]


def test_an_event_of_another_log_is_not_taken_for_one_of_this():
    watching = Silent()
    watching.frames = []
    watching.deliver = watching.frames.append

    async def receive(hub, broker):
        await hub.join(STREAM, watching, None, None)
        for epoch in (2, 1):
            event = Event(stream=STREAM, epoch=epoch, seq=1, kind=EventKind.COMMENT, id=str(epoch), at_ms=0, data={})
            hub.receive(Published(event, None))
        while not watching.frames:  # noqa: ASYNC110 - the coalescing window is what is waited for
            await asyncio.sleep(0)

    with_hub(receive)
    assert ['"id":"1"' in frame.messages[0].data for frame in watching.frames] == [True]
