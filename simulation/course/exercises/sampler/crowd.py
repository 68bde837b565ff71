"""A crowd at a real server and a real edge, whose viewers compare what they were shown."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from tempfile import TemporaryDirectory
from typing import Any

import aiohttp

from reference_impl.client import Client, Message
from simulation.course.exercise import Misconception
from simulation.course.live import Stage
from simulation.engines.api_client import UNMODERATED, change_settings, gateway_token

STREAM, AUTHOR, HOST = "final", "u7", "host"
BATCHES, EACH, PAUSE_S = 20, 40, 0.1  # 400 comments a second, of which 20 are shown
END_S = 15.0


@dataclass(slots=True)
class Seen:
    """What one viewer was shown, and whether it accounts for the log's numbers up to ``position``."""

    who: str
    position: int
    shown: dict[int, dict[str, Any]] = field(default_factory=dict)  # comments, by their number
    waiting: int = 0  # shown since the last position
    dropped: int = 0

    def take(self, message: Message) -> None:
        if message.place is None:
            return
        if message.event == "shed":
            self._account(message.data)
            return
        if message.event == "comment":
            self.shown[message.place.seq] = message.data
        self.waiting += 1
        if message.cursor is not None:
            self._move(message.place.seq, 0)

    def _account(self, told: dict[str, Any]) -> None:
        if told["from"] != self.position + 1 or told["shown"] != self.waiting:
            raise Misconception(
                f"{self.who} is at {self.position} and was shown {self.waiting} since; then {told} came."
            )
        self.dropped += told["dropped"]
        self._move(told["to"], told["dropped"])

    def _move(self, to: int, dropped: int) -> None:
        if to - self.position != self.waiting + dropped:
            raise Misconception(
                f"of {self.position + 1} to {to}, {self.who} was shown {self.waiting}, and {dropped} are said to be "
                "left out: the rest is lost."
            )
        self.position, self.waiting = to, 0


async def followed(stage: Stage) -> str:
    """Misconception if two viewers were shown different samples, or one cannot account for the whole log."""
    async with AsyncExitStack() as stack:
        data = stack.enter_context(TemporaryDirectory(prefix="livecomments-"))
        url = await stack.enter_async_context(stage.server("--data", data, "--display", "crowd"))
        edge = await stack.enter_async_context(stage.edge("--data", data, "--api", url))
        gateway = await gateway_token(url)
        await change_settings(url, STREAM, gateway, UNMODERATED)
        async with Client(url, token=gateway) as client:
            own = await client.development_token(AUTHOR)
            start = (await client.head(STREAM)).seq
            places = (("sse", url, None), ("websocket", url, None), ("sse", edge, None), ("sse", url, own))
            names = ("by SSE", "by WebSocket", "at the edge", "who writes")
            viewers = [Seen(f"the viewer {name}", start) for name in names]
            async with asyncio.timeout(END_S), _following(viewers, places) as tasks:
                posted = await _post(url, gateway)
                head = (await client.head(STREAM)).seq
                while any(viewer.position < head for viewer in viewers):
                    if ended := [task for task in tasks if task.done()]:
                        ended[0].result()
                    await asyncio.sleep(0.05)
    return _compared(viewers, posted)


@asynccontextmanager
async def _following(
    viewers: Sequence[Seen], places: Sequence[tuple[str, str, str | None]]
) -> AsyncIterator[list[asyncio.Task[None]]]:
    tasks = [asyncio.create_task(_follow(viewer, *place)) for viewer, place in zip(viewers, places, strict=True)]
    try:
        yield tasks
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _follow(viewer: Seen, transport: Any, url: str, token: str | None) -> None:
    async with Client(url, token=token) as client:
        async for message in client.follow(STREAM, f"1:{viewer.position}", transport):
            viewer.take(message)


async def _post(url: str, token: str) -> dict[int, str]:
    """Who wrote each number."""
    authors: dict[int, str] = {}
    headers = {"Authorization": f"Bearer {token}"}
    async with aiohttp.ClientSession(headers=headers, raise_for_status=True) as session:
        for batch in range(BATCHES):
            comments = [
                {"text": f"what a goal! {batch}-{number}", "author": {"id": f"u{number % 20}"}}
                for number in range(EACH - 1)
            ]
            comments.append({"text": f"Welcome! {batch}", "author": {"id": HOST, "role": "host"}})
            body = {"trusted": True, "comments": comments}
            async with session.post(f"{url}/v1/streams/{STREAM}/comments:batch", json=body) as answer:
                results = (await answer.json())["results"]
            authors |= {
                result["seq"]: comment["author"]["id"] for result, comment in zip(results, comments, strict=True)
            }
            await asyncio.sleep(PAUSE_S)
    return authors


def _compared(viewers: Sequence[Seen], authors: dict[int, str]) -> str:
    first, *others, writer = viewers
    for other in others:
        if set(other.shown) != set(first.shown):
            differ = set(other.shown) ^ set(first.shown)
            raise Misconception(f"{first.who} and {other.who} were shown different samples: {len(differ)} differ.")
    staff, own = ({seq for seq, author in authors.items() if author == name} for name in (HOST, AUTHOR))
    if not staff <= set(first.shown):
        raise Misconception(f"of {len(staff)} comments of the host {len(staff - set(first.shown))} were not shown.")
    if set(writer.shown) != set(first.shown) | own:
        raise Misconception(f"{AUTHOR} was shown {len(set(writer.shown) & own)} of his own {len(own)} comments.")
    return (
        f"{len(authors)} comments at a server and an edge: the same {len(first.shown)} on every screen, "
        f"{first.dropped} counted as left out, none lost"
    )
