"""Brokers as several processes have them, and what they have received."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from random import Random

from reference_impl.adapters.memory import MemoryBroker
from reference_impl.adapters.redis.broker import RedisBroker
from reference_impl.adapters.redis.nodes import nodes_of
from reference_impl.policy.channels import ChannelsConfig
from reference_impl.ports import Aggregate, Published, Stamps
from reference_impl.protocol.events import Event, EventKind

DEADLINE_S = 120.0
PROBE_S = 0.02


def comment(seq: int, stream: str = "s") -> Published:
    event = Event(stream=stream, epoch=1, seq=seq, kind=EventKind.COMMENT, id=str(seq), at_ms=5, data={"text": "hé"})
    return Published(event, Stamps(1.0, 2.5, 3.25))


class Inbox:
    """What a process's subscriber has received; probes are only counted."""

    def __init__(self, broker: MemoryBroker | RedisBroker) -> None:
        self.messages: list[Published | Aggregate] = []
        self.probes: set[object] = set()
        broker.subscribe(self._receive)

    @property
    def seqs(self) -> list[int]:
        return [message.event.seq for message in self.messages if isinstance(message, Published)]

    def _receive(self, message: Published | Aggregate) -> None:
        if isinstance(message, Aggregate) and message.name == "probe":
            self.probes.add(message.data["number"])
        else:
            self.messages.append(message)


@dataclass
class Process:
    broker: RedisBroker
    inbox: Inbox


@asynccontextmanager
async def process(
    url: str, name: str, outbox_max: int = 1000, channels: ChannelsConfig | None = None
) -> AsyncIterator[Process]:
    """A broker at an address, under a process's name."""
    local = MemoryBroker(asyncio.get_running_loop())
    broker = RedisBroker(nodes_of(url, Random()), local, name, url, time.monotonic, outbox_max, channels)
    async with broker.running():
        yield Process(broker, Inbox(broker))


async def until(condition: Callable[[], object]) -> None:
    while not condition():  # noqa: ASYNC110 - another process's doing is what is waited for
        await asyncio.sleep(PROBE_S)


async def linked(writer: Process, reader: Process, stream: str = "s") -> None:
    """Wait until what one publishes now arrives at the other: nobody is told when a subscription takes effect."""
    number = object.__hash__(object()) ^ time.monotonic_ns()
    while number not in reader.inbox.probes:
        writer.broker.publish(Aggregate(stream, "probe", {"number": number}))
        await asyncio.sleep(PROBE_S)


def run(main: Callable[[], Awaitable[None]]) -> None:
    asyncio.run(asyncio.wait_for(main(), DEADLINE_S))
