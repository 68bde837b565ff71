"""A crowd at a real server and a real edge, whose viewers compare what they were shown."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import aiohttp

from reference_impl.client import Client, Message
from reference_impl.protocol.cursor import Cursor
from simulation.course.exercise import Misconception
from simulation.course.live import Stage
from simulation.engines.api_client import gateway_token, open_stream
from simulation.engines.redis import redis

STREAM, AUTHOR, HOST = "final", "u7", "host"
BATCHES, EACH, PAUSE_S = 20, 40, 0.1  # 400 comments a second, of which 20 are shown
END_S = 60.0
# Of a sample: an edge on a busy machine may close windows before their last comments are there. Samples that are drawn
# by different ranks have hardly anything in common: 4 of 80 comments are shown.
ALIKE_MIN = 0.5


@dataclass(slots=True)
class Seen:
    """What one viewer was shown, and whether it accounts for the log's numbers up to ``position``."""

    who: str
    epoch: int
    position: int
    shown: dict[int, dict[str, Any]] = field(default_factory=dict)  # comments, by their number
    waiting: int = 0  # shown since the last position
    dropped: int = 0
    there: asyncio.Event = field(default_factory=asyncio.Event)

    def take(self, message: Message) -> None:
        self.there.set()
        if message.event == "gap":
            raise Misconception(f"{self.who} is told of a gap: {message.data}.")
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
        address, _ = await stack.enter_async_context(redis(Path(data)))
        joined = ("--data", data, "--broker", address)
        url = await stack.enter_async_context(stage.server(*joined, "--display", "crowd"))
        token = await gateway_token(url)
        await open_stream(url, STREAM, token)
        client = await stack.enter_async_context(Client(url, token=token))
        own, start = await client.development_token(AUTHOR), await client.head(STREAM)
        places = {
            "by SSE": ("sse", url, None),
            "by WebSocket": ("websocket", url, None),
            "who writes": ("sse", url, own),
        }
        if address:  # without a broker an edge asks ten times a second, which is too seldom for windows of 200 ms
            edge = await stack.enter_async_context(stage.edge(*joined, "--api", url))
            places["at the edge"] = ("sse", edge, None)
        viewers = {name: Seen(f"the viewer {name}", *start) for name in places}
        async with asyncio.timeout(END_S), _following(viewers, places) as tasks:
            await asyncio.gather(*(viewer.there.wait() for viewer in viewers.values()))
            authors = await _post(url, token)
            head = (await client.head(STREAM)).seq
            while any(viewer.position < head for viewer in viewers.values()):
                if ended := [task for task in tasks if task.done()]:
                    ended[0].result()
                await asyncio.sleep(0.05)
    return _compared(viewers, authors)


@asynccontextmanager
async def _following(
    viewers: Mapping[str, Seen], places: Mapping[str, tuple[str, str, str | None]]
) -> AsyncIterator[list[asyncio.Task[None]]]:
    tasks = [asyncio.create_task(_follow(viewers[name], *place)) for name, place in places.items()]
    try:
        yield tasks
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _follow(viewer: Seen, transport: Any, url: str, token: str | None) -> None:
    async with Client(url, token=token) as client:
        async for message in client.follow(STREAM, Cursor(viewer.epoch, viewer.position), transport):
            viewer.take(message)


async def _post(url: str, token: str) -> dict[int, str]:
    """Who wrote each number."""
    authors: dict[int, str] = {}
    headers = {"Authorization": f"Bearer {token}"}
    async with aiohttp.ClientSession(headers=headers, raise_for_status=True) as session:
        for batch in range(BATCHES):
            writers = [*(f"u{number % 20}" for number in range(EACH - 1)), HOST]
            comments = [{"text": f"what a goal! {batch}", "author": _author(name)} for name in writers]
            body = {"trusted": True, "comments": comments}
            async with session.post(f"{url}/v1/streams/{STREAM}/comments:batch", json=body) as answer:
                results = (await answer.json())["results"]
            authors |= {result["seq"]: name for result, name in zip(results, writers, strict=True)}
            await asyncio.sleep(PAUSE_S)
    return authors


def _author(name: str) -> dict[str, str]:
    return {"id": name, "role": "host"} if name == HOST else {"id": name}


def _compared(viewers: Mapping[str, Seen], authors: Mapping[int, str]) -> str:
    shown = {name: set(viewer.shown) for name, viewer in viewers.items()}
    first = shown["by SSE"]
    for name in ("by WebSocket", "at the edge"):
        other = shown.get(name, first)
        if len(first & other) < ALIKE_MIN * len(first | other):
            raise Misconception(
                f"by SSE {len(first)} comments were shown, {name} {len(other)}, and only {len(first & other)} are the "
                "same."
            )
    staff, own = ({seq for seq, author in authors.items() if author == name} for name in (HOST, AUTHOR))
    if not staff <= first:
        raise Misconception(f"of {len(staff)} comments of the host {len(staff - first)} were not shown.")
    if shown["who writes"] != first | own:
        raise Misconception(f"{AUTHOR} was shown {len(shown['who writes'] & own)} of his own {len(own)} comments.")
    at_edge = (
        f"{len(first & shown['at the edge'])} of them at the edge, too" if "at the edge" in shown else "no Redis here"
    )
    return (
        f"{len(authors)} comments: {len(first)} by SSE and WebSocket ({at_edge}), "
        f"{viewers['by SSE'].dropped} counted as left out, none lost"
    )
