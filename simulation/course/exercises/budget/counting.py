"""Counts the bytes of comments as a viewer's socket gets them from a real server."""

import asyncio
from collections.abc import Sequence
from urllib.parse import urlsplit

from reference_impl.client import Client
from simulation.course.chat import gateway
from simulation.course.live import Stage

STREAM = "demo"
ANSWER_S = 60.0


async def counted(stage: Stage, comments: Sequence[tuple[str, str]]) -> list[int]:
    """Bytes of each (user, text), chunk and all, on one connection; the headers of packets come on top."""
    async with stage.server("--window-ms", "0") as url, gateway(url, STREAM) as client, asyncio.timeout(ANSWER_S):
        reader, writer = await _viewer(url, str(await client.head(STREAM)))
        try:
            return [await _sent(client, reader, user, text) for user, text in comments]
        finally:
            writer.close()


async def _viewer(url: str, cursor: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """A bare connection of a viewer, past the answer's headers."""
    address = urlsplit(url)
    reader, writer = await asyncio.open_connection(address.hostname, address.port)
    path = f"/v1/streams/{STREAM}/events?cursor={cursor}"
    writer.write(f"GET {path} HTTP/1.1\r\nHost: {address.netloc}\r\n\r\n".encode())
    await reader.readuntil(b"\r\n\r\n")
    return reader, writer


async def _sent(client: Client, reader: asyncio.StreamReader, user: str, text: str) -> int:
    await client.post(STREAM, text, author={"id": user, "name": user})
    while True:
        length = await reader.readuntil(b"\r\n")
        body = await reader.readexactly(int(length, 16) + 2)
        if body.startswith(b"event: comment\n"):
            return len(length) + len(body)
