"""Publishes on one node of Redis what waits in a bounded outbox, in pipelines, the messages of a channel together."""

import asyncio
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

from redis.asyncio.connection import AbstractConnection
from redis.exceptions import ResponseError

from reference_impl.adapters.redis.breaker import STALE_S, NodeBreaker
from reference_impl.adapters.redis.link import SILENCE_S, Ends, Entry, Link
from reference_impl.adapters.redis.messages import Batch, encode
from reference_impl.policy.circuit_breaker import State
from reference_impl.ports import Clock

OUTBOX_MAX = 10_000  # messages for one node
BATCH_MAX = 256  # messages written at once


@dataclass(slots=True)
class Counts:
    """What has become of messages, and how often a connection was lost."""

    sent: int = 0
    received: int = 0
    lost: int = 0  # dropped from a full outbox, too old, for a node that is left alone, or refused by the server
    unreadable: int = 0
    disconnected: int = 0


@dataclass(frozen=True, slots=True)
class WriterConfig:
    """``origin`` names the process."""

    origin: str
    sharded: bool = False
    outbox_max: int = OUTBOX_MAX


class Writer(Link):
    def __init__(self, ends: Ends, config: WriterConfig, counts: Counts, clock: Clock, breaker: NodeBreaker) -> None:
        super().__init__(ends)
        self._breaker = breaker
        self._config = config
        self._counts = counts
        self._clock = clock
        self._verb = "SPUBLISH" if config.sharded else "PUBLISH"
        self._outbox: deque[Entry] = deque()
        self._writing: list[Entry] = []

    @property
    def idle(self) -> bool:
        return not (self._outbox or self._writing)

    @property
    def in_flight(self) -> int:
        return len(self._writing)

    @property
    def waiting(self) -> int:
        return len(self._outbox)

    def put(self, entry: Entry) -> None:
        """Queue a message; a full outbox drops its oldest one, and for a node that is left alone none waits."""
        if self._breaker.state is State.OPEN:
            self._refuse(1)
            return
        if len(self._outbox) >= self._config.outbox_max:
            self._outbox.popleft()
            self._counts.lost += 1
        self._outbox.append(entry)
        self.woken.set()

    def give_back(self) -> list[Entry]:
        """What is being written stays here, and waits again should that fail."""
        waiting = list(self._outbox)
        self._outbox.clear()
        return waiting

    async def connect(self, connection: AbstractConnection) -> None:
        with self._breaker.call():
            await super().connect(connection)

    async def rest(self) -> None:
        """For as long as the breaker is open, if it is; nothing waits for the end of that."""
        left_alone_s = self._breaker.left_alone_s()
        if not left_alone_s:
            await super().rest()
            return
        self._refuse(len(self.give_back()))
        await asyncio.sleep(left_alone_s)

    def _refuse(self, messages: int) -> None:
        self._counts.lost += messages
        self._breaker.refused += messages

    async def work(self, connection: AbstractConnection) -> None:
        self.woken.set()
        try:
            while True:
                if not await self.wait():
                    await self._ask(connection, [("PING",)])
                while self._take():
                    await self._write(connection)
        finally:  # nobody knows whether they arrived; receivers know a repeat by its seq
            self._outbox.extendleft(reversed(self._writing))
            self._writing = []

    def _take(self) -> bool:
        oldest_s = self._clock() - STALE_S
        while self._outbox and len(self._writing) < BATCH_MAX:
            entry = self._outbox.popleft()
            if entry.at_s >= oldest_s:
                self._writing.append(entry)
            else:
                self._counts.lost += 1
        return bool(self._writing)

    async def _write(self, connection: AbstractConnection) -> None:
        by_channel: dict[str, list[Entry]] = {}
        for entry in self._writing:
            by_channel.setdefault(entry.channel, []).append(entry)
        commands, sizes = [], []
        for channel, entries in by_channel.items():
            payload = self._encoded(entries)
            if payload is not None:
                commands.append((self._verb, channel, payload))
                sizes.append(len(entries))
        taken = await self._ask(connection, commands)
        sent = sum(size for size, ok in zip(sizes, taken, strict=True) if ok)
        self._counts.sent += sent
        self._counts.lost += sum(sizes) - sent
        self._writing = []

    def _encoded(self, entries: list[Entry]) -> bytes | None:
        messages = [entry.message for entry in entries]
        try:
            return encode(Batch(self._config.origin, messages, entries[-1].channels))
        except TypeError:  # the others find them in the log
            self._counts.lost += len(messages)
            return None

    async def _ask(self, connection: AbstractConnection, commands: Sequence[tuple[str | bytes, ...]]) -> list[bool]:
        """Send them in one write; answer which the server took."""
        if not commands:
            return []
        taken = []
        with self._breaker.call():
            async with asyncio.timeout(SILENCE_S):
                await connection.send_packed_command(connection.pack_commands(commands), check_health=False)
                for _ in commands:
                    try:
                        await connection.read_response(disconnect_on_error=False)
                        taken.append(True)
                    except ResponseError:  # another node has the slot now, or this one may not be written to
                        taken.append(False)
        if not all(taken):
            self._ends.moved()
        return taken
