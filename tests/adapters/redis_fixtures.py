"""What is behind a broker's address, for tests of brokers: a server and a cluster, for a module each; and a queue."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass

import pytest

from reference_impl.adapters.redis.broker import channel_of
from reference_impl.adapters.redis.connection import connect
from reference_impl.adapters.redis.work_queue import RedisWorkQueue
from tests.redises import RedisCluster, RedisServer, redis_servers


@dataclass
class Redises:
    """What is behind a broker's address, and the server that has a channel there."""

    url: str
    master_of: Callable[[str], RedisServer]
    server: RedisServer | None = None  # the only one
    sharded: bool = False

    def subscribers(self, stream: str, number: int = 0) -> int:
        command, channel = "PUBSUB SHARDNUMSUB" if self.sharded else "PUBSUB NUMSUB", channel_of(stream, number)
        return dict(self.master_of(channel).ask(command, channel))[channel.encode()]

    def publish(self, stream: str, payload: bytes) -> None:
        command = "SPUBLISH" if self.sharded else "PUBLISH"
        self.master_of(channel_of(stream)).ask(command, channel_of(stream), payload)


@pytest.fixture(scope="module")
def servers() -> Iterator[Callable[..., RedisServer]]:
    with redis_servers() as start:
        yield start


@pytest.fixture(scope="module")
def one(servers) -> Redises:
    server = servers()
    return Redises(server.url, lambda channel: server, server)


@pytest.fixture(scope="module")
def cluster(servers) -> Redises:
    made = RedisCluster(servers)
    return Redises(made.url, made.master_of, sharded=True)


@pytest.fixture
def queue_of(one) -> Callable[..., None]:
    """Do some work with a queue, on a Redis that is empty; its leases last longer than any test, if not told."""
    one.server.ask("FLUSHALL")

    def run(work: Callable[[RedisWorkQueue], Awaitable[None]], url: str = one.url, name: str = "test", **options):
        async def main():
            queue = RedisWorkQueue(connect(url), name, **{"lease_s": 600.0} | options)
            try:
                await work(queue)
            finally:
                await queue.close()

        asyncio.run(main())

    return run
