"""Follows channels on one node of Redis."""

import asyncio
from collections.abc import Callable, Iterator
from typing import Any

from redis.asyncio.connection import AbstractConnection

from reference_impl.adapters.redis.link import SILENCE_S, Ends, Link
from reference_impl.background import end

Receive = Callable[[bytes], None]


class Listener(Link):
    """What is wanted and what the server has been told are two sets, and their difference is what is said to it."""

    def __init__(self, ends: Ends, receive: Receive, *, sharded: bool) -> None:
        super().__init__(ends)
        self.wanted: set[str] = set()
        self._told: set[str] = set()
        self._receive = receive
        self._verb = "SSUBSCRIBE" if sharded else "SUBSCRIBE"
        self._unverb = "SUNSUBSCRIBE" if sharded else "UNSUBSCRIBE"
        self._message = b"smessage" if sharded else b"message"

    def follow(self, channel: str) -> None:
        self.wanted.add(channel)
        self.woken.set()

    def forget(self, channel: str) -> None:
        self.wanted.discard(channel)
        self.woken.set()

    async def work(self, connection: AbstractConnection) -> None:
        self._told.clear()
        self.woken.set()
        sides = [asyncio.create_task(side) for side in (self._say(connection), self._hear(connection))]
        try:
            done, _ = await asyncio.wait(sides, return_when=asyncio.FIRST_COMPLETED)
            for side in done:
                side.result()  # both end with an error only
        finally:
            await end(sides)

    async def _say(self, connection: AbstractConnection) -> None:
        while True:
            await self.wait()
            commands: list[tuple[str, ...]] = list(self._due())
            if not commands:  # there is to be an answer to everything, since silence is taken for death
                commands.append(("PING",))
            await connection.send_packed_command(connection.pack_commands(commands), check_health=False)

    def _due(self) -> Iterator[tuple[str, str]]:
        """One channel in a command: those of one command would have to share a slot."""
        yield from ((self._unverb, channel) for channel in self._told - self.wanted)
        yield from ((self._verb, channel) for channel in self.wanted - self._told)
        self._told = set(self.wanted)

    async def _hear(self, connection: AbstractConnection) -> None:
        while True:
            answer: Any = await connection.read_response(timeout=SILENCE_S, disconnect_on_error=False)
            if answer is None:
                raise TimeoutError(f"nothing was heard for {SILENCE_S:g} s")
            if answer[0] == self._message:
                self._receive(answer[2])
            elif answer[0] == b"sunsubscribe" and answer[1].decode() in self._told:
                self._told.discard(answer[1].decode())  # its slot has moved to another node
                self._ends.moved()
