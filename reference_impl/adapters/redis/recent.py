"""`RecentStore` on Redis: a sorted set for each copy of a window, in a cluster on whatever node its name falls to."""

import asyncio
from collections.abc import Sequence
from importlib.resources import files
from typing import Any

import orjson
from redis.asyncio import Redis, RedisCluster

from reference_impl.adapters.redis.connection import close
from reference_impl.adapters.redis.scripting import Scripts, answering
from reference_impl.policy.recent_window import Recall, RecentConfig, Wanted
from reference_impl.protocol.events import Event, EventKind
from reference_impl.recent import Built, Changes, Recalled

AHEAD_MAX = 1_000  # stretches that wait behind a hole; with more the window is forgotten
IDLE_MS = 300_000  # a window that nobody reads is forgotten

_FOLDER = files("reference_impl.adapters.redis") / "scripts"
_SCRIPTS = ("recall", "remember", "build")


class RedisRecent:
    def __init__(self, client: "Redis | RedisCluster", config: RecentConfig) -> None:
        self._client = client
        self._size_max = config.comments_max
        self._lease_ms = max(1, int(config.lease_s * 1000))
        self._scripts = Scripts(client, _FOLDER, _SCRIPTS, (_FOLDER / "recent_common.lua").read_text())

    async def recall(self, stream: str, copy: int, copies: int, epoch: int, head: int, wanted: Wanted) -> Recalled:
        where = "before" if wanted.newest_first else "after"
        seq = "" if wanted.seq is None else wanted.seq
        values = (epoch, head, where, seq, wanted.limit, IDLE_MS, copies if copy == 0 else 1)
        with answering():
            found = await self._scripts.run("recall", _keys(stream, copy), values)
        recall = Recall(found[0].decode())
        if recall is Recall.MISSING:
            return Recalled(recall)
        _, first, through, size, age_ms, cost_ms, texts = found
        comments = [_comment(stream, epoch, text) for text in texts]
        comments = comments[::-1] if wanted.newest_first else comments
        return Recalled(recall, first, through, comments, size, age_ms / 1000, cost_ms / 1000)

    async def remember(self, stream: str, changes: Changes, copy: int | None = None) -> None:
        values = [
            changes.epoch, self._size_max, AHEAD_MAX, IDLE_MS, changes.concerned, len(changes.places),
            *(seq for place in changes.places for seq in place), *_texts(changes.comments),
        ]  # fmt: skip
        with answering():
            copies = await self._scripts.run("remember", _keys(stream, copy or 0), values)
            if copy is None and copies > 1:
                others = (self._scripts.run("remember", _keys(stream, each), values) for each in range(1, copies))
                await asyncio.gather(*others)

    async def build(self, stream: str, copy: int, built: Built) -> None:
        texts = _texts([(built.head, comment) for comment in built.comments])
        cost_ms = int(built.cost_s * 1000)
        values = [built.epoch, self._size_max, IDLE_MS, built.head, built.low, built.high, cost_ms, *texts]
        with answering():
            await self._scripts.run("build", _keys(stream, copy), values)

    async def forget(self, stream: str, copy: int) -> None:
        with answering():
            await self._client.delete(*_keys(stream, copy))

    async def lease(self, stream: str, copy: int) -> bool:
        with answering():
            return bool(await self._client.set(f"{_name(stream, copy)}:lease", 1, nx=True, px=self._lease_ms))

    async def close(self) -> None:
        await close(self._client)


def _name(stream: str, copy: int) -> str:
    """What is in braces decides the node: each copy has a name of its own, and all its keys one."""
    return f"lc:{{{stream}#{copy}}}:recent"


def _keys(stream: str, copy: int) -> list[str]:
    return [_name(stream, copy), f"{_name(stream, copy)}:window", f"{_name(stream, copy)}:ahead"]


def _texts(comments: Sequence[tuple[int, Event]]) -> list[Any]:
    values: list[Any] = []
    for version, event in comments:
        values += [event.seq, version, orjson.dumps([event.seq, event.id, event.at_ms, event.target, event.data])]
    return values


def _comment(stream: str, epoch: int, text: bytes) -> Event:
    seq, identity, at_ms, target, data = orjson.loads(text[text.index(b":") + 1 :])
    return Event(
        stream=stream, epoch=epoch, seq=seq, kind=EventKind.COMMENT, id=identity, at_ms=at_ms, data=data, target=target
    )
