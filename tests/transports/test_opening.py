"""A viewer that opens a stream on its edge, while the edge looks for streams that nobody watches, or others post."""

import asyncio
from types import SimpleNamespace

from reference_impl.adapters.memory import MemoryBroker
from reference_impl.api.joining import greet
from reference_impl.catalog import Catalog
from reference_impl.hub import Hub
from reference_impl.ports import Published
from reference_impl.protocol.message import Frame, notice
from reference_impl.protocol.streams import Display, StreamSettings
from reference_impl.stream_hub import HubConfig
from tests.parity.commits import OneStream
from tests.parity.hubs import SHOW_ALL
from tests.transports.test_ahead import ListViewer, event

ROUNDS = 3  # of the edge's looking, while the log takes its time over the second question for the head


class SlowLog:
    """An empty log that answers the one who opens a stream only after the edge has looked around."""

    epoch = 7

    def __init__(self) -> None:
        self._asked = 0
        self._rounds = 0
        self._looked_around = asyncio.Event()

    async def heads(self, streams):
        if not streams:
            self._rounds += 1
            if self._rounds == ROUNDS:
                self._looked_around.set()
            return {}
        self._asked += 1
        if self._asked == 2:
            await self._looked_around.wait()
        return dict.fromkeys(streams, 0)

    async def read(self, stream, *, first, last):
        return [event(seq) for seq in range(first, last + 1)]


class Told(ListViewer):
    """Keeps the names of what it is told."""

    def __init__(self) -> None:
        super().__init__()
        self.names: list[str] = []

    def deliver(self, frame: Frame) -> None:
        super().deliver(frame)
        self.names += [message.event for message in frame.messages]


async def show_all(stream: str) -> StreamSettings:
    return SHOW_ALL


def test_it_is_on_the_stream_that_is_told_of_events() -> None:
    async def join() -> tuple[int, list[str]]:
        loop = asyncio.get_running_loop()
        config, broker, viewer = HubConfig(heads_s=0.001), MemoryBroker(loop), Told()
        hub = Hub(SlowLog(), config, loop.time, loop.time, settings_of=show_all, broker=broker)
        looking = asyncio.create_task(hub.run())
        await hub.join("demo", viewer, None, None)
        hub.receive(Published(event(1), None))
        watching = hub.viewers
        looking.cancel()
        hub.close()
        return watching, viewer.names

    watching, names = asyncio.run(asyncio.wait_for(join(), 60))
    assert watching == 1
    assert names == ["comment"]


class EmptyLog(SlowLog):
    """A log that takes a while to say that it has what was committed meanwhile."""

    def __init__(self) -> None:
        super().__init__()
        self.head = 0

    async def heads(self, streams):
        await asyncio.sleep(0.01)
        return dict.fromkeys(streams, self.head)


def test_one_who_has_been_greeted_is_told_of_what_is_posted_from_then_on() -> None:
    """And not only of what is posted once the edge has found out where the stream stands."""

    async def main() -> list[str]:
        loop = asyncio.get_running_loop()
        log, broker = EmptyLog(), MemoryBroker(loop)
        hub = Hub(log, HubConfig(), loop.time, loop.time, settings_of=show_all, broker=broker)
        catalog = Catalog(
            OneStream(), None, make_streams=False, display=Display.ALL, clock=loop.time, wall_clock=loop.time
        )

        def post() -> None:
            log.head = 1
            hub.receive(Published(event(1), None))

        class Poster(Told):
            def deliver(self, frame: Frame) -> None:
                super().deliver(frame)
                if self.names == ["hello"]:
                    loop.call_soon(post)

        viewer, greeting = Poster(), Frame([notice("hello", {})])
        await greet(SimpleNamespace(hub=hub, catalog=catalog), "demo", viewer, greeting, None, None, None)
        while len(viewer.names) < 2:  # noqa: ASYNC110 - the coalescing window is what is waited for
            await asyncio.sleep(0)
        hub.close()
        return viewer.names

    assert asyncio.run(asyncio.wait_for(main(), 60)) == ["hello", "comment"]
