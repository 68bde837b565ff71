"""A connection to one node of Redis that is made again whenever it is lost, with full-jitter backoff."""

import asyncio
import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from random import Random
from typing import NamedTuple

from redis.asyncio.connection import AbstractConnection
from redis.exceptions import RedisError

from reference_impl.policy.retry import Retry, RetryConfig
from reference_impl.ports import Aggregate, Published

CONNECT_S = 2.0  # with the greeting, and with asking Sentinel
SETTLED_S = 5.0  # a connection that lasted so long was a good one, and its end a new trouble
PING_S = 2.0  # of silence, then the other side is asked whether it is there
SILENCE_S = 5.0  # then it is taken for dead

BACKOFF = RetryConfig(base_s=0.05, cap_s=2.0, attempts_max=sys.maxsize)


class Entry(NamedTuple):
    """A message that waits since ``at_s``."""

    at_s: float
    channel: str
    message: Published | Aggregate
    channels: int = 1  # of the stream


@dataclass(frozen=True, slots=True, kw_only=True)
class Ends:
    """What a link is joined to: the node's connections, and whom it tells of them."""

    open: Callable[[], AbstractConnection]
    made: Callable[[], None]
    lost: Callable[[Exception], None]
    moved: Callable[[], None]  # this node has not the channel, or has it no more


class Link:
    """What the listener and the writer of a node have in common: `run` keeps `work` going on a connection."""

    def __init__(self, ends: Ends) -> None:
        self.up = False
        self.woken = asyncio.Event()
        self._ends = ends
        self._retry = Retry(BACKOFF, Random())

    async def work(self, connection: AbstractConnection) -> None:
        """Use the connection until it fails."""
        raise NotImplementedError

    def give_back(self) -> list[Entry]:
        """Part with what waits to be written."""
        return []

    async def run(self) -> None:
        """Connect, work, and once more, until cancelled."""
        while True:
            await self._try()
            await self.rest()

    async def connect(self, connection: AbstractConnection) -> None:
        """Connect, and be greeted by a server that is there: the client waits for its first answer."""
        async with asyncio.timeout(CONNECT_S):
            await connection.connect()  # type: ignore[no-untyped-call]

    async def rest(self) -> None:
        """Leave the other side alone for a while, after a failure."""
        await asyncio.sleep(self._retry.failed(0.0) or 0.0)

    async def wait(self) -> bool:
        """Wait until there is something to do; False: nothing for so long that the other side is to be asked."""
        try:
            async with asyncio.timeout(PING_S):
                await self.woken.wait()
        except TimeoutError:
            return False
        self.woken.clear()
        return True

    async def _try(self) -> None:
        connection = self._ends.open()
        loop = asyncio.get_running_loop()
        since_s = loop.time()
        try:
            await self.connect(connection)
            self.up = True
            self._ends.made()
            await self.work(connection)
        except Exception as error:  # whatever the client library raises, posting does not depend on it
            if loop.time() >= since_s + SETTLED_S:
                self._retry.succeeded()
            self.up = False
            self._ends.lost(error)
        finally:
            self.up = False
            with suppress(RedisError, OSError):
                await connection.disconnect(nowait=True)
