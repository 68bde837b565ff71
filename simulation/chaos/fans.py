"""Readers who react to comments, take some of it back, and are counted in the end."""

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import suppress
from random import Random
from typing import Any

import aiohttp

from reference_impl.client import Client
from reference_impl.policy.retry import Retry, RetryConfig
from simulation.chaos.record import Record, miscounted
from simulation.engines.api_client import user_token

FANS = 4
EMOJI = "🔥"
LIKELY = 0.5  # that a fan reacts to a comment
REGRET = 0.2  # that he takes it back
LOOK_S = 0.2
COUNT_S = 60.0  # at the end, for the last reaction to be counted; most runs need a second of it
RETRIES = RetryConfig(base_s=0.1, cap_s=1.0, attempts_max=60)


async def cheer(urls: Sequence[str], stream: str, record: Record, rng: Random, stop: asyncio.Event) -> None:
    """React to what is posted until told to stop; each fan asks one server only, which keeps his requests in order."""
    async with asyncio.TaskGroup() as tasks, aiohttp.ClientSession() as session:
        fans = [await user_token(urls[number % len(urls)], f"fan {number}") for number in range(FANS)]
        done = 0
        while not stop.is_set():
            await asyncio.sleep(LOOK_S)
            comments, done = record.acknowledged[done:], len(record.acknowledged)
            running = [
                tasks.create_task(_react(session, urls[fan % len(urls)], stream, token, each.id, record, rng))
                for each in comments
                for fan, token in enumerate(fans)
                if rng.random() < LIKELY
            ]
            await asyncio.gather(*running)


async def _react(
    session: aiohttp.ClientSession, url: str, stream: str, token: str, comment: str, record: Record, rng: Random
) -> None:
    record.reactions.setdefault(comment, 0)
    if not await _asked(session, f"{url}/v1/streams/{stream}/reactions", token, comment, rng):
        return
    record.reactions[comment] += 1
    if rng.random() < REGRET and await _asked(
        session, f"{url}/v1/streams/{stream}/reactions:withdraw", token, comment, rng
    ):
        record.reactions[comment] -= 1


async def _asked(session: aiohttp.ClientSession, url: str, token: str, comment: str, rng: Random) -> bool:
    """Until there is an answer: what is asked twice counts once. False: the comment is deleted by now."""
    retry, headers = Retry(RETRIES, rng), {"Authorization": f"Bearer {token}"}
    while True:
        with suppress(aiohttp.ClientError, TimeoutError, OSError):
            body = {"emoji": EMOJI, "comment_id": comment}
            async with session.post(url, json=body, headers=headers) as answer:
                if answer.status < 500 and answer.status != 429:
                    return answer.status == 202
        again_s = retry.failed(0.0)
        if again_s is None:
            raise TimeoutError(f"a reaction to {comment} was never accepted")
        await asyncio.sleep(again_s)


async def counted(url: str, stream: str, record: Record) -> None:
    """Wait until every reaction is counted; what is not by the end of it never will be."""
    until_s = asyncio.get_running_loop().time() + COUNT_S
    while asyncio.get_running_loop().time() < until_s:
        async with Client(url) as client:
            history: list[Mapping[str, Any]] = [message.data async for message in client.history(stream)]
        if not miscounted(record, history):
            return
        await asyncio.sleep(LOOK_S)
