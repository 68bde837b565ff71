"""The synthetic authors: posts a schedule through the public API, open loop, timed from when each post was meant to go.

A post never waits for an earlier one's answer, so a slow server cannot slow the load down and hide its own latency
(coordinated omission; Tene, "How NOT to Measure Latency", 2013). Each post keeps its Idempotency-Key over its retries.
"""

import asyncio
import random
import time
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus

import aiohttp

from reference_impl.policy.retry import Retry
from simulation.faults import RETRIES
from simulation.trace import Post

CONNECTIONS_MAX = 128
TIMEOUT_S = 10.0


@dataclass(slots=True)
class Posted:
    """What became of the posts: (seq, meant to go at) of each accepted one, and counts by outcome."""

    accepted: list[tuple[int, float]] = field(default_factory=list)
    refused: dict[int, int] = field(default_factory=dict)  # HTTP status -> posts
    failed: int = 0  # no answer, even after retries
    retried: int = 0

    @property
    def count(self) -> int:
        return len(self.accepted) + self.rejected

    @property
    def rejected(self) -> int:
        return sum(self.refused.values()) + self.failed


class Poster:
    """Posts to one stream, as a gateway does for its users: with one token, and the author in each post."""

    def __init__(self, url: str, stream: str, seed: int, token: str) -> None:
        self._url = f"{url}/v1/streams/{stream}/comments"
        self._token = token
        self._rng = random.Random(seed)
        self.posted = Posted()

    async def run(self, schedule: Sequence[Post], start_s: float, on_post: Callable[[], None] = lambda: None) -> Posted:
        """Post everything at ``start_s + at_s``; ends when the last answer is in."""
        timeout = aiohttp.ClientTimeout(total=TIMEOUT_S)
        connector = aiohttp.TCPConnector(limit=CONNECTIONS_MAX)
        async with aiohttp.ClientSession(connector=connector, timeout=timeout) as session, asyncio.TaskGroup() as tasks:
            for post in schedule:
                wait_s = start_s + post.at_s - time.monotonic()
                if wait_s > 0:
                    await asyncio.sleep(wait_s)
                tasks.create_task(self._post(session, post, start_s + post.at_s))
                on_post()
        return self.posted

    async def _post(self, session: aiohttp.ClientSession, post: Post, intended_s: float) -> None:
        retry = Retry(RETRIES, self._rng)
        key = str(uuid.UUID(int=self._rng.getrandbits(128)))
        headers = {"Idempotency-Key": key, "Authorization": f"Bearer {self._token}"}
        body = {"author": {"id": post.author}, "text": post.text}
        while True:
            try:
                async with session.post(self._url, json=body, headers=headers) as answer:
                    if answer.status == HTTPStatus.CREATED:
                        self.posted.accepted.append(((await answer.json())["seq"], intended_s))
                        return
                    if answer.status < 500:
                        self.posted.refused[answer.status] = self.posted.refused.get(answer.status, 0) + 1
                        return
            except (aiohttp.ClientError, TimeoutError):
                pass  # not definite: the same key makes a repeat safe
            again_at = retry.failed(time.monotonic())
            if again_at is None:
                self.posted.failed += 1
                return
            self.posted.retried += 1
            await asyncio.sleep(again_at - time.monotonic())
