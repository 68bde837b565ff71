"""The learner's parser at a real server's stream: its bytes come in odd pieces, and it is left and gone back to."""

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from itertools import cycle
from types import ModuleType
from typing import Any

import aiohttp

from simulation.course.chat import gateway, post_each
from simulation.course.exercise import Misconception

STREAM = "final"
TEXTS = [f"goal {number} ⚽ né: {'x' * (number + 1)}" for number in range(20)]
EVERY_S = 0.05
LEFT_AFTER = 8  # comments or more; then it comes back with its last id
SIZES = (1, 2, 3, 5, 7, 11, 64)
PATIENCE_S = 60.0


class Reader:
    def __init__(self, answer: ModuleType, url: str) -> None:
        self.texts: list[str] = []
        self.pieces = 0
        self._answer = answer
        self._url = f"{url}/v1/streams/{STREAM}/events"

    async def read(self, cursor: str, comments: int) -> str:
        """Until it has so many comments; the answer is the id that it goes on from."""
        parser = self._answer.Parser()
        headers = {"Accept": "text/event-stream", "Last-Event-ID": cursor}
        async with aiohttp.ClientSession() as session, session.get(self._url, headers=headers) as response:
            response.raise_for_status()
            async for piece in self._pieces(response):
                self._take(parser.feed(piece))
                if len(self.texts) >= comments:
                    return str(parser.last_event_id)
        raise Misconception(f"the stream ended, and the parser has told of {len(self.texts)} comments")

    async def _pieces(self, response: aiohttp.ClientResponse) -> AsyncIterator[bytes]:
        sizes = cycle(SIZES)
        async for data in response.content.iter_any():
            while data:
                size = next(sizes)
                piece, data = data[:size], data[size:]
                self.pieces += 1
                yield piece

    def _take(self, events: Sequence[Any]) -> None:
        self.texts += [json.loads(each.data)["text"] for each in events if each.event == "comment"]


async def followed(answer: ModuleType, url: str) -> str:
    """Post, and read it in two goes; Misconception if a comment is missing, twice, or not as it was written."""
    reader = Reader(answer, url)
    async with gateway(url, STREAM) as client:
        start = str(await client.head(STREAM))
        posting = asyncio.create_task(post_each(client, STREAM, TEXTS, EVERY_S))
        try:
            async with asyncio.timeout(PATIENCE_S):
                left_at = await reader.read(start, LEFT_AFTER)
                await posting
                await reader.read(left_at, len(TEXTS))
        except TimeoutError:
            raise Misconception(
                f"after {PATIENCE_S:g} s at a real server the parser has told of {len(reader.texts)} of {len(TEXTS)} "
                "comments"
            ) from None
        finally:
            posting.cancel()
    if reader.texts != TEXTS:
        missing, odd = len(set(TEXTS) - set(reader.texts)), sorted(set(reader.texts) - set(TEXTS))[:1]
        raise Misconception(
            f"of a real server's stream, left on the way and gone back to with `Last-Event-ID: {left_at}`, it told "
            f"{len(reader.texts)} comments, of {len(TEXTS)} posted {missing} not at "
            f"all{''.join(f', and {each!r}' for each in odd)}: not each once, in order, as it was written"
        )
    return f"{len(TEXTS)} comments once and in order from {reader.pieces:,} pieces, through a reconnect"
