"""A stream's newest comments in Redis: each change is one script, so that it is done at once or not at all.

A window is a Redis stream whose ids are the comments' ``seq``. Beside it a hash says how the chat stream stands: open
for a *term*, or sealed. Terms are given out by SQL and only grow (they are fencing tokens); a script that comes with
an old one changes nothing. Which server it runs on the script sees for itself: another run of it, or another server,
may have lost acknowledged writes, and that is a doubt, unless the stream was opened on one that syncs every write.
Sources: redis.io, "Scripting with Lua", "Streams", "Persistence".
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from importlib.resources import files
from typing import Any

import orjson
from redis.asyncio import Redis, RedisCluster
from redis.exceptions import ResponseError

from reference_impl.adapters.hot.durable import Opening
from reference_impl.adapters.redis.broker import channel_of
from reference_impl.adapters.redis.connection import close
from reference_impl.adapters.redis.messages import VERSION
from reference_impl.adapters.redis.scripting import Scripts, answering
from reference_impl.adapters.sql.commit import KEY_LIFETIME_S, key_of
from reference_impl.ports import LogUnavailable
from reference_impl.protocol.events import Draft, Event, EventKind

KEY_MS = 3 * KEY_LIFETIME_S * 1000  # longer than SQL knows a key, so that no key is known there and forgotten here
READ_MAX = 1_000  # entries that one script reads

_FOLDER = files("reference_impl.adapters.hot") / "scripts"
_NAMES = ("append", "open", "seal", "take", "trim")


class Standing(StrEnum):
    """How Redis knows a stream."""

    OPEN = "open"
    SEALED = "sealed"
    MISSING = "missing"
    DOUBT = "doubt"  # another server, or another run of it, than the one that opened the stream
    OTHER = "other"  # another term than the one that was asked about


class Exposure(StrEnum):
    """Of what Redis has acknowledged, what a crash of it may lose."""

    NONE = "nothing: it syncs every write"
    SECONDS = "the last second or two, if its machine goes down with it"
    ALL = "all that is not archived yet: it keeps no append-only file"


@dataclass(frozen=True, slots=True, kw_only=True)
class WindowConfig:
    """``entries_max``, ``size_bytes``: of one stream; a full window takes no more until the archiver has caught up."""

    entries_max: int = 50_000
    size_bytes: int = 64 * 1024 * 1024
    origin: str = ""
    announces: bool = False  # whether the script publishes what it has placed
    sharded: bool = False  # Redis Cluster: SPUBLISH
    replicas: int = 0  # that must have a comment before it is acknowledged
    replicas_ms: int = 1_000


@dataclass(frozen=True, slots=True)
class Entry:
    """A comment in the window."""

    event: Event
    author: str
    key: str | None

    def draft(self) -> Draft:
        """As the archive takes it: its time is what it was given, which never goes back."""
        event = self.event
        return Draft(
            stream=event.stream, id=event.id, author=self.author, created_at_ms=event.at_ms, data=event.data,
            idempotency_key=self.key,
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Reply:
    """What the script said to a batch; ``answers`` has one text for each draft when ``standing`` is open."""

    standing: Standing
    epoch: int = 0
    answers: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Taken:
    standing: Standing
    term: int
    epoch: int
    head: int
    depth: int  # of the whole window
    entries: Sequence[Entry]


class Window:
    """The windows of all streams on one Redis; LogUnavailable says that it did not answer."""

    def __init__(self, client: "Redis | RedisCluster", config: WindowConfig) -> None:
        self.config = config
        self._scripts = Scripts(client, _FOLDER, _NAMES, (_FOLDER / "common.lua").read_text())
        self._client = client

    async def append(self, stream: str, term: int, drafts: Sequence[Draft], *, looked_up: bool = False) -> Reply:
        """Give comments their places; ``looked_up`` says that SQL does not know their keys.

        An answer is ``+SEQ:AT_MS`` for a place, ``FINGERPRINT:SEQ`` for a key that had one, ``?`` for one to be looked
        up in SQL, ``full``.
        """
        keys, values = self._batch(stream, term, drafts, looked_up=looked_up)
        found = await self._run("append", keys, *values, replicas=self.config.replicas)
        if len(found) == 1:
            return Reply(Standing(_text(found[0])))
        return Reply(Standing.OPEN, int(found[1]), [_text(each) for each in found[2]])

    def append_command(self, stream: str, term: int, drafts: Sequence[Draft]) -> list[Any]:
        """What `append` would have EVAL do, for measuring: the script, how many keys, the keys, the rest."""
        keys, values = self._batch(stream, term, drafts, looked_up=False)
        return [self._scripts.text("append"), len(keys), *keys, *values]

    async def known(self, draft: Draft) -> str | None:
        """What Redis knows of a draft's key, as `append` would answer it."""
        key = key_of(draft)
        if key is None:
            return None
        with answering():
            found: Any = await self._client.get(_key(draft.stream, key[0]))
        return None if found is None else _text(found)

    async def open(self, opening: Opening, stream: str) -> bool:
        """Open a stream that SQL has let go; False when a later term was here before."""
        durable = int(await self.exposure() is Exposure.NONE)
        unsure_until_ms = 0 if opening.new else _now_ms() + KEY_MS
        values = (opening.term, opening.head, opening.last_at_ms, opening.epoch, durable, unsure_until_ms)
        return bool(await self._run("open", _keys(stream), *values))

    async def seal(self, stream: str, term: int) -> Standing:
        """Close a stream, and answer how it stood."""
        return Standing(_text(await self._run("seal", _keys(stream), term, KEY_MS)))

    async def take(self, stream: str, first: int, last: int, limit: int = READ_MAX) -> Taken:
        standing, term, epoch, head, depth, entries = await self._run("take", _keys(stream), first, last, limit)
        at = int(epoch)
        taken = [_entry(stream, at, identity, fields) for identity, fields in entries]
        return Taken(Standing(_text(standing)), int(term), at, int(head), int(depth), taken)

    async def trim(self, stream: str, term: int, watermark: int) -> int:
        """Forget what is archived; answers how much is left, -1 when the term is another one."""
        return int(await self._run("trim", _keys(stream), term, watermark, READ_MAX))

    async def refer(self, stream: str, drafts: Sequence[Draft]) -> None:
        """Have the keys of what goes straight into SQL looked for there."""
        for key in filter(None, map(key_of, drafts)):
            with answering():
                await self._client.set(_key(stream, key[0]), "?", px=KEY_MS, nx=True)

    async def close(self) -> None:
        await close(self._client)

    def _batch(
        self, stream: str, term: int, drafts: Sequence[Draft], *, looked_up: bool
    ) -> tuple[list[str], list[Any]]:
        """The script's keys and values."""
        config, keys, values = self.config, _keys(stream), []
        for draft in drafts:
            key = key_of(draft)
            if key is not None:
                keys.append(_key(stream, key[0]))
            place = len(keys) if key else 0
            fingerprint = key[1].hex() if key else ""
            values += [place, fingerprint, draft.created_at_ms, _shown(draft), _kept(draft)]
        publish = ("SPUBLISH" if config.sharded else "PUBLISH") if config.announces else ""
        head = f'{{"v":{VERSION},"from":"{config.origin}","channels":1,"messages":['
        limits = [term, config.entries_max, config.size_bytes, KEY_MS]
        return keys, [*limits, publish, channel_of(stream), head, int(looked_up), _now_ms(), *values]

    async def _run(self, name: str, keys: Sequence[str], *values: Any, replicas: int = 0) -> Any:
        with answering():
            if not replicas:
                return await self._scripts.run(name, keys, values)
            answer, heard = await self._scripts.run_and_wait(name, keys, values, replicas, self.config.replicas_ms)
        if heard < replicas:
            raise LogUnavailable(f"{heard} of {replicas} replicas of Redis have the comments")
        return answer

    async def exposure(self) -> Exposure:
        """What this Redis would lose; one that does not say how it keeps its data is believed to keep nothing."""
        with answering():
            try:
                found = await self._client.config_get("appendonly", "appendfsync")
            except ResponseError:  # managed services do not let their settings be read
                return Exposure.ALL
        if found.get("appendonly") != "yes":
            return Exposure.ALL
        return Exposure.NONE if found.get("appendfsync") == "always" else Exposure.SECONDS


def _now_ms() -> int:
    return int(time.time() * 1000)


def _keys(stream: str) -> list[str]:
    return [f"lc:{{{stream}}}:standing", f"lc:{{{stream}}}:window"]


def _key(stream: str, digest: bytes) -> str:
    return f"lc:{{{stream}}}:key:{digest.hex()}"


def _shown(draft: Draft) -> str:
    """What viewers get of a comment, less its place, which the script puts in front."""
    message = {
        "stream": draft.stream, "kind": draft.kind, "id": draft.id, "data": draft.data, "target": None, "stamps": None,
    }  # fmt: skip
    return orjson.dumps(message).decode()[1:]


def _kept(draft: Draft) -> str:
    return orjson.dumps([draft.author, draft.idempotency_key]).decode()


def _entry(stream: str, epoch: int, identity: bytes, fields: Sequence[bytes]) -> Entry:
    (_, at_ms, _, shown, _, kept) = fields
    message, (author, key) = orjson.loads(b"{" + shown), orjson.loads(kept)
    event = Event(
        stream=stream, epoch=epoch, seq=int(identity.split(b"-")[0]), kind=EventKind.COMMENT, id=message["id"],
        at_ms=int(at_ms), data=message["data"],
    )  # fmt: skip
    return Entry(event, author, key)


def _text(value: bytes) -> str:
    return value.decode()
