"""What is behind a broker's address, for the tests of brokers: one server and a cluster, each for a module."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest

from reference_impl.adapters.redis.broker import channel_of
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
