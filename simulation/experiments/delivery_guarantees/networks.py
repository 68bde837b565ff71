"""The networks of a live run: one that loses authors' requests and answers, one that does not reach the broker."""

import asyncio
import re
from collections import Counter
from collections.abc import Callable
from contextlib import suppress

from simulation.engines.tcp_proxy import TcpProxy
from simulation.experiments.delivery_guarantees.plan import Fate

END_OF_HEAD = b"\r\n\r\n"
_LENGTH = re.compile(rb"content-length: *(\d+)", re.IGNORECASE)
_NUMBER = re.compile(rb'"comment (\d+)"')


class BrokenWay(TcpProxy):
    """A proxy that can be ``down``: connections are cut, and new ones are refused as soon as they are made."""

    down = False

    def fail(self) -> None:
        self.down = True
        self.cut()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self.down:
            writer.transport.abort()
        else:
            await super()._serve(reader, writer)


class LosingProxy(TcpProxy):
    """In front of an HTTP server: each request has its ``fate`` by the number in it, and by how often it has come.

    What is lost ends the connection, as a network does that changes under a phone: nobody is told how far it came.
    """

    def __init__(self, host: str, port: int, fate: Callable[[int, int], Fate]) -> None:
        super().__init__(host, port)
        self._fate = fate
        self.requests: Counter[int] = Counter()  # by number

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._connections.add(task)
        with suppress(OSError, EOFError, asyncio.CancelledError):  # either side has gone, or the run is over
            up_reader, up_writer = await asyncio.open_connection(*self._target)
            try:
                while await self._pass_on(await _message(reader), up_reader, up_writer, writer):
                    pass
            finally:
                up_writer.transport.abort()
        writer.transport.abort()
        self._connections.discard(task)

    async def _pass_on(
        self, request: bytes, up_reader: asyncio.StreamReader, up: asyncio.StreamWriter, down: asyncio.StreamWriter
    ) -> bool:
        """One request and its answer, as far as they come; False: the connection is to end."""
        fate = self._fate_of(request)
        if fate is Fate.REQUEST_LOST:
            return False
        up.write(request)
        answer = await _message(up_reader)
        if fate is Fate.ANSWERED:
            down.write(answer)
        return fate is Fate.ANSWERED

    def _fate_of(self, request: bytes) -> Fate:
        found = _NUMBER.search(request)
        if found is None:
            return Fate.ANSWERED
        number = int(found[1])
        self.requests[number] += 1
        return self._fate(number, self.requests[number] - 1)


async def _message(reader: asyncio.StreamReader) -> bytes:
    """A whole request or answer; EOFError: there is no more."""
    head = await reader.readuntil(END_OF_HEAD)
    length = _LENGTH.search(head)
    return head + (await reader.readexactly(int(length[1])) if length else b"")
