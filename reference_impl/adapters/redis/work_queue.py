"""`WorkQueue` on Redis Streams: a stream and a consumer group for each part, and a lease on it."""

import time
from collections.abc import Sequence
from importlib.resources import files
from typing import Any

import orjson
from redis.asyncio import Redis, RedisCluster
from redis.exceptions import ResponseError

from reference_impl.adapters.redis.connection import close
from reference_impl.adapters.redis.scripting import Scripts, answering
from reference_impl.policy.partitioning import hashed
from reference_impl.working import Backlog, BacklogFull, Fenced, Hold, Piece

GROUP = "workers"
BURIED_MAX = 1_000  # in each part; then the oldest is forgotten
_NAMES = ("add", "hold", "take_work", "done", "release")


class RedisWorkQueue:
    """``pieces_max``: in each part; ``lease_s``: of a worker that falls silent."""

    def __init__(
        self,
        client: "Redis | RedisCluster",
        name: str,
        *,
        parts: int = 8,
        pieces_max: int = 10_000,
        lease_s: float = 3.0,
    ) -> None:
        self.name = name
        self.parts = parts
        self._client = client
        self._pieces_max = pieces_max
        self._lease_ms = int(lease_s * 1000)
        self._scripts = Scripts(client, files("reference_impl.adapters.redis") / "scripts", _NAMES)

    async def add(self, items: Sequence[tuple[str, Any]]) -> None:
        """All of one part's items are added or none; several parts' items one part after another."""
        by_part: dict[int, list[bytes]] = {}
        for key, data in items:
            by_part.setdefault(self.part_of(key), []).append(orjson.dumps(data))
        for part, pieces in by_part.items():
            with answering():
                added = await self._scripts.run("add", [self._key(part, "stream")], [self._pieces_max, *pieces])
            if not added:
                raise BacklogFull(
                    f"{self.name} has {self._pieces_max} pieces of work in part {part}, and takes no more"
                )

    async def hold(self, worker: str, part: int, held: Hold | None) -> Hold | None:
        keys = [self._key(part, name) for name in ("holder", "token", "stream")]
        values = [worker, held.token if held else 0, self._lease_ms, GROUP]
        with answering():
            token = int(await self._scripts.run("hold", keys, values))
        return Hold(self.name, part, token, worker) if token else None

    async def take(self, hold: Hold, limit: int) -> list[Piece]:
        found = await self._fenced("take_work", hold, limit)
        return [Piece(identity.decode(), orjson.loads(fields[1])) for identity, fields in found]

    async def done(self, hold: Hold, pieces: Sequence[Piece], *, buried: bool = False) -> None:
        await self._fenced("done", hold, BURIED_MAX if buried else 0, *(piece.id for piece in pieces))

    async def release(self, hold: Hold) -> None:
        with answering():
            await self._scripts.run("release", [self._key(hold.part, "holder")], [f"{hold.worker}:{hold.token}"])

    async def present(self, worker: str) -> int:
        """Workers that have said so within a lease."""
        key, now_ms = f"lc:{{work:{self.name}}}:workers", int(time.time() * 1000)
        with answering():
            await self._client.zadd(key, {worker: now_ms})
            await self._client.zremrangebyscore(key, "-inf", now_ms - self._lease_ms)
            return max(1, int(await self._client.zcard(key)))

    async def leave(self, worker: str) -> None:
        with answering():
            await self._client.zrem(f"lc:{{work:{self.name}}}:workers", worker)

    async def backlog(self) -> Backlog:
        depth, oldest_ms = 0, time.time() * 1000
        with answering():
            for part in range(self.parts):
                key = self._key(part, "stream")
                depth += int(await self._client.xlen(key))
                first: Any = await self._client.xrange(key, count=1)
                for identity, _ in first:
                    oldest_ms = min(oldest_ms, int(identity.split(b"-")[0]))
        return Backlog(depth, max(0.0, time.time() - oldest_ms / 1000))

    async def close(self) -> None:
        await close(self._client)

    def part_of(self, key: str) -> int:
        return hashed(key) % self.parts

    async def _fenced(self, script: str, hold: Hold, *values: Any) -> Any:
        keys = [self._key(hold.part, name) for name in ("holder", "stream", "buried")]
        with answering():
            try:
                return await self._scripts.run(script, keys, [f"{hold.worker}:{hold.token}", GROUP, *values])
            except ResponseError as error:
                if "FENCED" in str(error):
                    raise Fenced(f"part {hold.part} of {self.name} is another worker's") from error
                raise

    def _key(self, part: int, what: str) -> str:
        return f"lc:{{work:{self.name}:{part}}}:{what}"
