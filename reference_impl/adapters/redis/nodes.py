"""Which server has a channel: always the same one, or in a cluster the one that has the channel's slot just now."""

import asyncio
from bisect import bisect_right
from random import Random
from typing import Protocol

from redis.asyncio import Redis
from redis.asyncio.connection import AbstractConnection, Connection
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.crc import key_slot
from redis.exceptions import ConnectionError as Disconnected
from redis.exceptions import RedisError

from reference_impl.adapters.redis.connection import (
    CONNECT_S,
    Host,
    close,
    connect,
    hosts_of,
    login_of,
    without_password,
)

ASK_S = 1.0  # for one node of a cluster to say who has which slots

Node = str


class Nodes(Protocol):
    """The servers that carry channels. ``sharded``: each channel lives on its slot's node (Redis 7: SPUBLISH)."""

    sharded: bool

    def node_of(self, channel: str) -> Node | None:
        """Answer who has a channel, None while nobody is known to."""
        ...

    def all(self) -> set[Node]: ...

    def open(self, node: Node) -> AbstractConnection:
        """Make a connection that is not connected yet."""
        ...

    async def refresh(self) -> None:
        """Find out anew who has what; RedisError or OSError: nobody answered."""
        ...

    async def close(self) -> None: ...


class OneNode:
    """A single server, or the master that Sentinel names whenever a connection is made."""

    sharded = False

    def __init__(self, url: str) -> None:
        client = connect(url, answer_s=None)  # links have time limits of their own
        assert isinstance(client, Redis)
        self._client = client
        self._name = without_password(url)

    def node_of(self, channel: str) -> Node:
        return self._name

    def all(self) -> set[Node]:
        return {self._name}

    def open(self, node: Node) -> AbstractConnection:
        connection: AbstractConnection = self._client.connection_pool.make_connection()  # type: ignore[no-untyped-call]
        return connection

    async def refresh(self) -> None:
        """There is nothing to find out: connecting asks Sentinel."""

    async def close(self) -> None:
        await close(self._client)


class ClusterNodes:
    """The masters of a cluster by their slots, as any node that answers tells them."""

    sharded = True

    def __init__(self, url: str, rng: Random) -> None:
        self._seeds = hosts_of(url)
        self._login = login_of(url)
        self._rng = rng
        self._slots: list[tuple[int, int, Host]] = []  # first, last, master; by first

    def node_of(self, channel: str) -> Node | None:
        slot = key_slot(channel.encode())
        place = bisect_right(self._slots, slot, key=lambda each: each[0]) - 1
        if place < 0 or slot > self._slots[place][1]:
            return None
        return _name(self._slots[place][2])

    def all(self) -> set[Node]:
        return {_name(host) for _, _, host in self._slots}

    def open(self, node: Node) -> AbstractConnection:
        host, _, port = node.rpartition(":")
        return self._connection((host, int(port)))

    async def refresh(self) -> None:
        known = list({*self._seeds, *(host for _, _, host in self._slots)})
        self._rng.shuffle(known)
        for host in known:
            try:
                self._slots = await self._ask(host)
            except (RedisError, OSError) as error:
                last = error
            else:
                return
        raise Disconnected(f"no node of the cluster answers, the last one: {last}")

    async def close(self) -> None:
        self._slots = []

    async def _ask(self, host: Host) -> list[tuple[int, int, Host]]:
        connection = self._connection(host)
        try:
            async with asyncio.timeout(ASK_S):
                await connection.connect()  # type: ignore[no-untyped-call]
                await connection.send_command("CLUSTER", "SLOTS")
                ranges = await connection.read_response()
        finally:
            await connection.disconnect(nowait=True)
        if not ranges:
            raise Disconnected(f"{host[0]}:{host[1]} knows of no slots yet")
        return sorted((first, last, _host(master, host)) for first, last, master, *_ in ranges)

    def _connection(self, host: Host) -> Connection:
        return Connection(
            host=host[0], port=host[1], socket_connect_timeout=CONNECT_S, socket_timeout=None, protocol=2,
            retry=Retry(NoBackoff(), 0), **self._login,
        )  # fmt: skip


def _name(host: Host) -> Node:
    return f"{host[0]}:{host[1]}"


def _host(master: list[bytes | int], asked: Host) -> Host:
    """A node that does not know its own address means the one under which it was asked."""
    name = master[0]
    return (name.decode() if isinstance(name, bytes) and name else asked[0]), int(master[1])


def nodes_of(url: str, rng: Random) -> Nodes:
    """Answer the nodes behind an address; ValueError says what is wrong with it."""
    return ClusterNodes(url, rng) if url.startswith("redis+cluster:") else OneNode(url)
