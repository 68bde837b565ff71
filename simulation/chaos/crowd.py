"""The authors and the viewers of a chaos run, as real clients are: they retry with their keys, and reconnect."""

import asyncio
import time
import uuid
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from random import Random
from typing import Any

import aiohttp

from reference_impl.client import Client, ClientError, Message
from reference_impl.policy.retry import Retry, RetryConfig
from reference_impl.protocol.cursor import Cursor
from simulation.chaos.record import Acknowledged, Record, Seen, Viewed

STREAM = "final"
RETRIES = RetryConfig(base_s=0.1, cap_s=1.0, attempts_max=60)
RECONNECTS = RetryConfig(base_s=0.1, cap_s=1.0, attempts_max=10_000)
ANSWER_S = 5.0  # then an author asks the other server, with the same key
CHANGED = 10  # one comment of so many requests, deleted and edited by turns
CHANGED_AFTER_S = 0.3
IN_FLIGHT_MAX = 5_000  # posts without an answer; further ones are not made, and counted


class Authors:
    """Post at a steady rate, open loop: a slow answer does not slow the others down."""

    def __init__(self, urls: Sequence[str], token: str, record: Record, rng: Random, *, batch: int = 1) -> None:
        self._urls = urls
        self._token = token
        self._record = record
        self._rng = rng
        self._batch = batch
        self._number = 0
        self._name = uuid.UUID(int=rng.getrandbits(128)).hex[:8]  # of these authors: no two say the same

    async def post(self, per_s: float, stop: asyncio.Event) -> None:
        """Post until told to stop, then wait for the last answers."""
        headers = {"Authorization": f"Bearer {self._token}"}
        timeout = aiohttp.ClientTimeout(total=ANSWER_S)
        connector = aiohttp.TCPConnector(limit=0)
        async with (
            aiohttp.ClientSession(connector=connector, timeout=timeout, headers=headers) as session,
            asyncio.TaskGroup() as tasks,
        ):
            due_s, underway = time.monotonic(), set[asyncio.Task[None]]()
            while not stop.is_set():
                due_s += self._batch / per_s
                await asyncio.sleep(max(0.0, due_s - time.monotonic()))
                if len(underway) * self._batch >= IN_FLIGHT_MAX:
                    self._record.unmade += self._batch
                    continue
                task = tasks.create_task(self._post(session, due_s))
                underway.add(task)
                task.add_done_callback(underway.discard)

    async def _post(self, session: aiohttp.ClientSession, meant_s: float) -> None:
        request = self._number // self._batch
        texts = [f"comment {self._number + each} of {self._name}" for each in range(self._batch)]
        self._number += self._batch
        bodies = [{"text": text, "idempotency_key": str(uuid.uuid4())} for text in texts]
        answers, tries = await self._stored(session, bodies)
        if answers is None:
            self._record.refused += self._batch
            return
        self._record.retried += tries - 1
        now_s = time.monotonic()
        for text, answer in zip(texts, answers, strict=True):
            place = _place(Cursor.parse(answer["cursor"]))
            self._record.acknowledged.append(Acknowledged(answer["id"], text, place, meant_s, now_s, tries))
        if request % CHANGED == 0:
            await asyncio.sleep(CHANGED_AFTER_S)
            chosen = self._rng.choice(answers)
            await self._change(session, chosen["id"], delete=request % (2 * CHANGED) == 0)

    async def _stored(
        self, session: aiohttp.ClientSession, bodies: list[dict[str, Any]]
    ) -> tuple[list[dict[str, Any]] | None, int]:
        """The server's answers, None when none was to be had; and how often it was tried."""
        retry = Retry(RETRIES, self._rng)
        while True:
            done = await self._try(session, bodies, self._urls[(retry.attempt + self._number) % len(self._urls)])
            if done is not None:
                return done, retry.attempt + 1
            again_s = retry.failed(0.0)
            if again_s is None:
                return None, retry.attempt + 1
            await asyncio.sleep(again_s)

    async def _try(
        self, session: aiohttp.ClientSession, bodies: list[dict[str, Any]], url: str
    ) -> list[dict[str, Any]] | None:
        address = f"{url}/v1/streams/{STREAM}/comments"
        try:
            if self._batch > 1:
                async with session.post(f"{address}:batch", json={"comments": bodies}) as answer:
                    items = (await answer.json())["results"] if answer.status == 200 else []
                return items if items and all(item["status"] == 201 for item in items) else None
            key = {"Idempotency-Key": bodies[0]["idempotency_key"]}
            async with session.post(address, json={"text": bodies[0]["text"]}, headers=key) as answer:
                return [await answer.json()] if answer.status == 201 else None
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError):
            return None  # not definite: the same key makes a repeat safe

    async def _change(self, session: aiohttp.ClientSession, comment: str, *, delete: bool) -> None:
        """Delete or edit, and again until there is an answer: both are the same when done twice."""
        retry = Retry(RETRIES, self._rng)
        body = None if delete else {"text": f"edited {comment}"}
        while True:
            address = f"{self._urls[retry.attempt % len(self._urls)]}/v1/streams/{STREAM}/comments/{comment}"
            with suppress(aiohttp.ClientError, TimeoutError, OSError):
                async with session.request("DELETE" if delete else "PATCH", address, json=body) as answer:
                    if answer.status in (200, 404):  # 404: an earlier try has deleted it
                        if delete:
                            self._record.deleted.add(comment)
                        return
            again_s = retry.failed(0.0)
            if again_s is None:
                return
            await asyncio.sleep(again_s)


@asynccontextmanager
async def viewers(urls: Mapping[str, str], each: int, start: Cursor, record: Record) -> AsyncIterator[None]:
    """Viewers at every edge, over either transport by turns, for as long as the block lasts."""
    tasks = []
    for edge, url in urls.items():
        for number in range(each):
            transport = "sse" if number % 2 else "websocket"
            viewed = Viewed(f"{edge} {transport} {number}", _place(start))
            record.viewers.append(viewed)
            tasks.append(asyncio.create_task(_view(url, transport, start, viewed)))
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _view(url: str, transport: Any, start: Cursor, viewed: Viewed) -> None:
    try:
        async with Client(url, reconnect=RECONNECTS) as client:
            async for message in client.follow(STREAM, start, transport):
                if message.cursor is not None:
                    viewed.seen.append(_seen(message, message.cursor))
    except ClientError as error:
        viewed.ended = repr(error)


def _seen(message: Message, cursor: Cursor) -> Seen:
    data = message.data
    carried = data.get("comment") or data
    return Seen(
        message.event, _place(cursor), time.monotonic(),
        id=str(data.get("comment_id") or data.get("id") or ""),
        first=int(data.get("from", 0)),
        deleted=bool(carried.get("deleted")),
        reason=str(data.get("reason", "")),
    )  # fmt: skip


def _place(cursor: Cursor) -> tuple[int, int]:
    return cursor.epoch, cursor.seq
