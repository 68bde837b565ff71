"""The learner's backoff in the real client, whose real server is killed and started again."""

import asyncio
import os
import signal
import time
from contextlib import suppress
from functools import partial
from random import Random
from tempfile import TemporaryDirectory
from types import ModuleType
from typing import TYPE_CHECKING, Any

from reference_impl.policy.retry import RetryConfig
from simulation.course.exercise import Misconception

if TYPE_CHECKING:
    from simulation.course.live import Stage

STREAM = "demo"
VIEWERS, POSTS = 30, 10  # each before and after
RECONNECTS = RetryConfig(base_s=0.2, cap_s=2.0, attempts_max=240)
STABLE_S = 5.0
BACK_S = 60.0  # for the last viewer to have the last comment; then something is wrong


class _AsTheClients:
    """The learner's backoff where the client has its `Retry`. Slots and Retry-After are the client's own affair."""

    def __init__(self, answer: ModuleType, config: RetryConfig, rng: Random) -> None:
        self._backoff = answer.Backoff(config.base_s, config.cap_s, STABLE_S, rng)
        self._up = False

    def failed(self, now: float) -> float:
        self._up = False
        return now + float(self._backoff.lost(time.monotonic()))

    def succeeded(self) -> None:
        """The client says so at every message; the learner hears of it once for a connection."""
        if not self._up:
            self._up = True
            self._backoff.connected(time.monotonic())


def dressed(answer: ModuleType) -> Any:
    return partial(_AsTheClients, answer)


async def live(answer: ModuleType, stage: "Stage") -> str:
    """Viewers follow, the server is killed (-9) and started again on its log, and they have every comment once."""
    from reference_impl.client import Client
    from simulation.course.exercises.backoff import EXERCISE
    from simulation.course.inside import standing_in
    from simulation.engines.ports import free_port

    with TemporaryDirectory(prefix="livecomments-") as folder, standing_in(EXERCISE.places, answer):
        server = partial(_server, free_port(), folder)
        async with server() as (url, pid), Client(url, reconnect=RECONNECTS) as client:
            start = await client.head(STREAM)
            seen: list[list[int]] = [[] for _ in range(VIEWERS)]
            following = asyncio.gather(*(_follow(client, start, each) for each in seen))
            try:
                await _post(url, 0)
                await _until(seen, POSTS)
                os.kill(pid, signal.SIGKILL)
                async with server():
                    await _post(url, POSTS)
                    await _until(seen, 2 * POSTS)
            finally:
                following.cancel()
                with suppress(asyncio.CancelledError):
                    await following
    return _found(seen)


def _server(port: int, folder: str) -> Any:
    from simulation.engines import processes

    arguments = ("--port", f"{port}", "--data", folder, "--heartbeat-s", "1")
    return processes.server(arguments, processes.cores().server)


async def _post(url: str, first: int) -> None:
    from simulation.course.chat import gateway, post_each

    async with gateway(url, STREAM) as client:
        await post_each(client, STREAM, (f"comment {number}" for number in range(first, first + POSTS)))


async def _follow(client: Any, start: Any, seen: list[int]) -> None:
    async for message in client.follow(STREAM, start, "sse"):
        seen += [int(message.data["text"].split()[1])] if message.event == "comment" else []


async def _until(seen: list[list[int]], comments: int) -> None:
    """Until everybody has so many; what is lacking in the end is told by the counts."""
    with suppress(TimeoutError):
        async with asyncio.timeout(BACK_S):
            while any(len(each) < comments for each in seen):  # noqa: ASYNC110 - an event per comment would cost
                await asyncio.sleep(0.05)


def _found(seen: list[list[int]]) -> str:
    whole = list(range(2 * POSTS))
    wrong = [each for each in seen if each != whole]
    if wrong:
        lack = [number for number in whole if number not in wrong[0]]
        twice = len(wrong[0]) - len(set(wrong[0]))
        raise Misconception(
            f"{len(wrong)} of {VIEWERS} viewers of a server that was killed and started again do not have all "
            f"{2 * POSTS} comments once and in order: one lacks {lack}, and has {twice} twice"
        )
    return f"{VIEWERS} viewers came back to a killed server and have all {2 * POSTS} comments, each once"
