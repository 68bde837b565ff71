"""A few authors for live runs that count: they post through the public API, and nothing is refused."""

import asyncio
from collections.abc import Sequence

from reference_impl.client import Client
from simulation.engines.api_client import gateway_token, head_cursor, open_stream

STREAM = "demo"


async def opened(url: str) -> tuple[str, str]:
    """A token that may post for anybody on a stream that takes everything, and the cursor of the stream's head."""
    token = await gateway_token(url)
    await open_stream(url, STREAM, token)
    return token, await head_cursor(url, STREAM)


async def post(url: str, token: str, texts: Sequence[str], every_s: float = 0.0) -> None:
    """One after the other, each by an author of its own."""
    async with Client(url, token=token) as client:
        for number, text in enumerate(texts):
            await client.post(STREAM, text, author={"id": f"author-{number}"})
            await asyncio.sleep(every_s)
