"""An edge that passes on what the broker brings, and no more: pub/sub straight to sockets, as tutorials have it.

    python -m simulation.experiments.delivery_guarantees.relay BROKER_PORT STREAM SEED

Says ``{"port": n}`` on standard output once it follows, and ends with its standard input. It sends the same
server-sent events as the server's own edge; it has no log, no order and no memory, so every viewer begins now.
"""

import asyncio
import json
import sys
from collections.abc import AsyncGenerator
from contextlib import aclosing, suppress
from random import Random

import redis.asyncio
import uvloop
from redis.asyncio.retry import Retry as Reconnecting
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from reference_impl.policy.retry import Retry
from reference_impl.protocol.events import Event, EventKind
from reference_impl.protocol.message import Frame, of_event
from reference_impl.protocol.sse import chunk, retry_text, sse_chunk
from simulation.engines.viewers import read_commands, say
from simulation.experiments.delivery_guarantees.plan import BROKER

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
QUEUE_BYTES = 256 * 1024  # of a viewer who does not read; then its connection ends
RETRY_MS = 2_000


class Relay:
    def __init__(self) -> None:
        self.following = asyncio.Event()
        self._viewers: set[asyncio.StreamWriter] = set()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One viewer, to the end of its connection."""
        with suppress(OSError, EOFError):
            await reader.readuntil(b"\r\n\r\n")
            writer.write(HEAD + chunk(retry_text(RETRY_MS)))
            self._viewers.add(writer)
            await reader.read()
        self._viewers.discard(writer)
        writer.transport.abort()

    async def follow(self, port: int, channel: str, retry: Retry) -> None:
        """Pass on what comes, and subscribe again whenever the broker is lost: what came meanwhile came to nobody."""
        while True:
            with suppress(RedisError, OSError):
                async with aclosing(_payloads(port, channel, self.following)) as payloads:
                    async for payload in payloads:
                        self._pass_on(payload)
            await asyncio.sleep(retry.failed(0.0) or 0.0)

    def _pass_on(self, payload: bytes) -> None:
        if not self._viewers or not (events := events_in(payload)):
            return
        encoded = sse_chunk(Frame(map(of_event, events)))
        for writer in list(self._viewers):
            if writer.transport.get_write_buffer_size() > QUEUE_BYTES:
                writer.transport.abort()
            else:
                writer.write(encoded)


async def _payloads(port: int, channel: str, following: asyncio.Event) -> AsyncGenerator[bytes, None]:
    """What comes over one connection."""
    once = Reconnecting(NoBackoff(), 0)
    async with redis.asyncio.Redis(port=port, protocol=2, retry=once) as client, client.pubsub() as subscribed:
        await subscribed.subscribe(channel)
        async for message in subscribed.listen():
            following.set()
            if message["type"] == "message":
                yield message["data"]


def events_in(payload: bytes) -> list[Event]:
    """The events that the server has published together; what is no event of the log is left out."""
    return [_event(each) for each in json.loads(payload)["messages"] if "seq" in each]


def _event(fields: dict[str, object]) -> Event:
    named = {name: fields[name] for name in ("stream", "epoch", "seq", "id", "at_ms", "data", "target")}
    return Event(kind=EventKind(str(fields["kind"])), **named)  # type: ignore[arg-type]


async def run(port: int, stream: str, seed: str) -> None:
    relay = Relay()
    following = asyncio.create_task(relay.follow(port, channel_of(stream), Retry(BROKER, Random(seed))))
    async with asyncio.timeout(10.0):
        await relay.following.wait()
    async with await asyncio.start_server(relay.serve, "127.0.0.1", 0) as server:
        say({"port": server.sockets[0].getsockname()[1]})
        with suppress(SystemExit):  # the parent has gone
            await read_commands()
    following.cancel()


def channel_of(stream: str) -> str:
    """As the server names it."""
    return f"lc:{{{stream}}}"


if __name__ == "__main__":
    uvloop.run(run(int(sys.argv[1]), sys.argv[2], sys.argv[3]))
