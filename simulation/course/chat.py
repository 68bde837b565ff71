"""A small crowd for live runs: authors who post, and one who reads everything back."""

import asyncio
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from itertools import count
from typing import Any

from reference_impl.client import Client
from simulation.course.exercise import Misconception
from simulation.engines.api_client import gateway_token, open_stream

AT_ONCE = 100  # posts under way
LAST_S = 60.0  # by then the last comment has come, or never will

_authors = count()


@asynccontextmanager
async def gateway(url: str, *streams: str) -> AsyncIterator[Client]:
    """A client that may post for anybody; the ``streams`` take every comment."""
    token = await gateway_token(url)
    for stream in streams:
        await open_stream(url, stream, token)
    async with Client(url, token=token) as client:
        yield client


async def post_each(client: Client, stream: str, texts: Iterable[str], every_s: float = 0.0) -> None:
    """Post one after the other, each by an author who has not posted yet."""
    for text in texts:
        await client.post(stream, text, author=_author())
        await asyncio.sleep(every_s)


async def post_all(
    client: Client, comments: Iterable[tuple[str, str]], at_once: int = AT_ONCE
) -> list[Mapping[str, Any]]:
    """Post a text to each of the streams, by an author who has not posted yet; the answers are in their order."""
    turn = asyncio.Semaphore(at_once)

    async def post(stream: str, text: str) -> Mapping[str, Any]:
        async with turn:
            return await client.post(stream, text, author=_author())

    return await asyncio.gather(*(post(*each) for each in comments))


async def require_read_back(client: Client, stream: str, posted: Iterable[Mapping[str, Any]]) -> int:
    """Every acknowledged comment is in the stream's history once, in order, and is followed from its beginning so.

    Misconception says what is not; the answer is how many there are.
    """
    meant = sorted((each["seq"], each["id"]) for each in posted)
    stored = [(each.data["seq"], each.data["id"]) async for each in client.history(stream)]
    if stored != meant:
        raise Misconception(f"in the real server {stream!r} has {_apart(stored, meant)} in its history.")
    followed = await _followed(client, stream, meant)
    if followed != meant:
        raise Misconception(f"in the real server whoever follows {stream!r} is sent {_apart(followed, meant)}.")
    return len(meant)


async def _followed(client: Client, stream: str, meant: list[tuple[int, str]]) -> list[tuple[int, str]]:
    """The stream's comments from its beginning; what has come when time is over."""
    epoch, found = (await client.head(stream)).epoch, list[tuple[int, str]]()
    try:
        async with asyncio.timeout(LAST_S):
            async for message in client.follow(stream, f"{epoch}:0", fill_gaps=True):
                if message.event == "comment":
                    found.append((message.data["seq"], message.data["id"]))
                if len(found) >= len(meant):
                    break
    except TimeoutError:
        pass
    return found


def _author() -> dict[str, str]:
    return {"id": f"author-{next(_authors)}"}


def _apart(found: list[tuple[int, str]], meant: list[tuple[int, str]]) -> str:
    lost, more = len(set(meant) - set(found)), len(found) - len(set(found))
    order = "" if found == sorted(found) else ", out of order"
    return f"{len(found)} of {len(meant)} acknowledged comments, {lost} lost and {more} twice{order}"
