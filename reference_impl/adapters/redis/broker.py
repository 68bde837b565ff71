"""Redis as broker: several processes on one log bring each other's messages to their viewers.

    publish --> this process's own subscribers, at once
       '-----> outbox of the channel's node --> PUBLISH (in a cluster SPUBLISH) --> the others' listeners, their hubs

It is a hint. Posting never waits for it: what cannot be sent is dropped, at once for a node whose breaker is open, and
the others find it in the log, which they ask for its heads once a second. After a lost connection nothing is sent
again, for the same reason.
"""

import asyncio
import logging
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import asdict
from functools import partial
from random import Random

from reference_impl.adapters.memory import MemoryBroker
from reference_impl.adapters.redis.breaker import NodeBreakers
from reference_impl.adapters.redis.link import Ends, Entry, Link
from reference_impl.adapters.redis.listener import Listener
from reference_impl.adapters.redis.messages import Batch, Unreadable, decode
from reference_impl.adapters.redis.nodes import Node, Nodes
from reference_impl.adapters.redis.writer import OUTBOX_MAX, Counts, Writer, WriterConfig
from reference_impl.background import end
from reference_impl.policy.channels import Channels, ChannelsConfig
from reference_impl.policy.retry import Retry, RetryConfig
from reference_impl.ports import Aggregate, Clock, Published

CHANNELS_MAX = 8  # of one stream, in a cluster; on one server there would be nothing to gain
LOOK_AGAIN = RetryConfig(base_s=0.1, cap_s=1.0, attempts_max=sys.maxsize)  # who has which channel, while one is down
FLUSH_S = 1.0  # for the last messages, when the process ends

log = logging.getLogger(__name__)


def channel_of(stream: str, number: int = 0) -> str:
    """The channels of a stream have different slots, and no stream has another's: there is no slash in a name."""
    return f"lc:{{{stream}/{number}}}" if number else f"lc:{{{stream}}}"


def _stream_of(message: Published | Aggregate) -> str:
    return message.stream if isinstance(message, Aggregate) else message.event.stream


class RedisBroker:
    """``origin`` is this process's name among the others; what comes back under it is ignored."""

    def __init__(
        self,
        nodes: Nodes,
        local: MemoryBroker,
        origin: str,
        name: str,
        clock: Clock,
        outbox_max: int = OUTBOX_MAX,
        channels: ChannelsConfig | None = None,
    ) -> None:
        self.counts = Counts()
        self._nodes = nodes
        self._local = local
        self._origin = origin
        self._name = name
        self._clock = clock
        self._outbox_max = outbox_max
        self._receivers: list[Callable[[Published | Aggregate], None]] = []
        self._channels = Channels(channels or ChannelsConfig(channels_max=CHANNELS_MAX if nodes.sharded else 1))
        self._followed: dict[str, int] = {}  # streams, and over how many channels they were spread at most
        self._listeners: dict[Node, Listener] = {}
        self._writers: dict[Node, Writer] = {}
        self._breakers = NodeBreakers(clock)
        self._tasks: dict[Link, asyncio.Task[None]] = {}
        self._doubt = asyncio.Event()
        self._running = False
        self._away: bool | None = None  # None: nobody knows yet

    def publish(self, message: Published | Aggregate) -> None:
        self._local.publish(message)
        if isinstance(message, Published) and message.announced:
            return
        stream = _stream_of(message)
        now_s = self._clock()
        place = self._channels.place(stream, now_s)
        self._put(Entry(now_s, channel_of(stream, place.channel), message, place.channels))

    def subscribe(self, receive: Callable[[Published | Aggregate], None]) -> None:
        self._local.subscribe(receive)
        self._receivers.append(receive)

    def follow(self, stream: str) -> None:
        if stream not in self._followed:
            self._spread(stream, 1)

    def forget(self, stream: str) -> None:
        for number in range(self._followed.pop(stream, 0)):
            for listener in self._listeners.values():
                listener.forget(channel_of(stream, number))

    def status(self) -> dict[str, str | int]:
        """Whether it is there, how many connections it has, and what has become of messages so far."""
        state = {None: "unknown", True: "away", False: "up"}[self._away]
        return {"state": state, "connections": sum(link.up for link in self._tasks), **asdict(self.counts)}

    def breakers(self) -> dict[str, dict[str, str | int]]:
        """That of publishing; in a cluster the worst of the nodes' states, and the sums of all."""
        writers = self._writers.values()
        queues = {
            "in_flight": sum(each.in_flight for each in writers),
            "waiting": sum(each.waiting for each in writers),
        }
        return {"broker": {**self._breakers.status(), **queues}}

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Connected for as long as the block lasts, and as far as there is something to connect to."""
        keeper = asyncio.create_task(self._keep())
        self._running = True
        try:
            yield
            with suppress(TimeoutError):
                async with asyncio.timeout(FLUSH_S):
                    await self._flushed()
        finally:
            self._running = False
            await end([keeper, *self._tasks.values()])
            await self._nodes.close()

    async def _flushed(self) -> None:
        while not all(writer.idle or not writer.up for writer in self._writers.values()):  # noqa: ASYNC110 - seldom
            await asyncio.sleep(0.01)

    async def _keep(self) -> None:
        """Look who has which channel: at first, and again for as long as a node is missing or a channel has moved."""
        retry = Retry(LOOK_AGAIN, Random())
        while True:
            self._doubt.clear()
            try:
                await self._nodes.refresh()
                self._arrange()
            except Exception as error:  # whatever it is, what matters does not depend on it
                self._lost(error)
            self._made()
            if self._away:
                self._doubt.set()
            else:
                retry.succeeded()
            await self._doubt.wait()
            await asyncio.sleep(retry.failed(0.0) or 0.0)

    def _arrange(self) -> None:
        """Have each channel followed where it is now, and what waits written there."""
        nodes = self._nodes.all()
        for gone in {*self._listeners, *self._writers} - nodes:
            self._drop(gone)
        if not self._tasks:  # connect to one at once, which tells whether it is there
            self._writer(min(nodes))
        for listener in self._listeners.values():
            listener.wanted.clear()
        for stream, channels in self._followed.items():
            self._spread(stream, channels)
        for entry in [entry for writer in self._writers.values() for entry in writer.give_back()]:
            self._put(entry)
        for link in self._tasks:
            link.woken.set()

    def _drop(self, node: Node) -> None:
        """Part with a node; what waits for it goes to the one that has the channels now."""
        for links in (self._listeners, self._writers):
            if link := links.pop(node, None):
                self._tasks.pop(link).cancel()
                for entry in link.give_back():
                    self._put(entry)
        self._breakers.forget(node)

    def _spread(self, stream: str, channels: int) -> None:
        """Follow a stream on so many channels."""
        self._followed[stream] = channels
        for number in range(channels):
            self._listen(channel_of(stream, number))

    def _listen(self, channel: str) -> None:
        if self._running and (node := self._nodes.node_of(channel)) is not None:  # else when it is known
            self._listener(node).follow(channel)

    def _put(self, entry: Entry) -> None:
        if self._running and (node := self._nodes.node_of(entry.channel)) is not None:
            self._writer(node).put(entry)
        else:
            self.counts.lost += 1

    def _listener(self, node: Node) -> Listener:
        if node not in self._listeners:
            self._listeners[node] = Listener(self._ends(node), self._receive, sharded=self._nodes.sharded)
            self._start(self._listeners[node])
        return self._listeners[node]

    def _writer(self, node: Node) -> Writer:
        if node not in self._writers:
            config = WriterConfig(self._origin, sharded=self._nodes.sharded, outbox_max=self._outbox_max)
            self._writers[node] = Writer(self._ends(node), config, self.counts, self._clock, self._breakers.of(node))
            self._start(self._writers[node])
        return self._writers[node]

    def _start(self, link: Link) -> None:
        self._tasks[link] = asyncio.create_task(link.run())

    def _ends(self, node: Node) -> Ends:
        return Ends(open=partial(self._nodes.open, node), made=self._made, lost=self._lost, moved=self._doubt.set)

    def _receive(self, payload: bytes) -> None:
        try:
            batch = decode(payload)
        except Unreadable as error:
            self.counts.unreadable += 1
            log.debug("%s", error)
            return
        if batch.origin == self._origin:
            return
        self.counts.unreadable += batch.unreadable
        self.counts.received += len(batch.messages)
        self._follow_spread(batch)
        for message in batch.messages:
            for receive in self._receivers:
                receive(message)

    def _follow_spread(self, batch: Batch) -> None:
        """Follow the other channels of a stream that has become hot, for as long as the stream itself."""
        channels = min(batch.channels, CHANNELS_MAX)
        stream = _stream_of(batch.messages[0]) if batch.messages else ""
        if 0 < self._followed.get(stream, 0) < channels:
            self._spread(stream, channels)

    def _made(self) -> None:
        if self._away is not False and self._tasks and all(link.up for link in self._tasks):
            log.info("the broker %s: %s", "is back" if self._away else "is there", self._name)
            self._away = False

    def _lost(self, error: Exception) -> None:
        self.counts.disconnected += 1
        self._doubt.set()
        if not self._away:
            log.warning(
                "the broker is away, others find comments in the log: %s: %s", self._name, str(error) or repr(error)
            )
            self._away = True
