"""A server for all tests of the client, and stand-ins that give scripted answers."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from tests.server.conftest import ServerProcess, start_server, stream

__all__ = ["start_server", "stream"]


@pytest.fixture(scope="session")
def server(tmp_path_factory):
    started = ServerProcess(tmp_path_factory.mktemp("client") / "data", "--rate-burst", "100000")
    yield started
    started.end()


class StandIn:
    """Answers requests one after the other with the bytes it was given, each on a connection of its own."""

    def __init__(self, *answers: bytes) -> None:
        self._answers = list(answers)
        self.requests: list[str] = []
        self.url = ""

    @property
    def left(self) -> int:
        """How many answers nobody has asked for yet."""
        return len(self._answers)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
            self.requests.append(head)
            writer.write(self._answers.pop(0))
            await writer.drain()
        finally:
            writer.close()
            await writer.wait_closed()


@asynccontextmanager
async def standing_in(*answers: bytes) -> AsyncIterator[StandIn]:
    stand_in = StandIn(*answers)
    server = await asyncio.start_server(stand_in.serve, "127.0.0.1", 0)
    stand_in.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    async with server:
        yield stand_in


def answer(status: int, body: str = "{}", kind: str = "application/json", **headers: str) -> bytes:
    fields = {"Content-Type": kind, "Content-Length": str(len(body.encode())), "Connection": "close"} | {
        name.replace("_", "-"): value for name, value in headers.items()
    }
    lines = [f"HTTP/1.1 {status} X", *(f"{name}: {value}" for name, value in fields.items()), "", body]
    return "\r\n".join(lines).encode()
