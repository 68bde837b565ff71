"""Whatever happens between the log and the cache: a page says what the log says, at most a second late."""

import asyncio
import shutil
import tempfile
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from random import Random
from typing import Any

import pytest
import redis
from hypothesis import Phase, event, given, settings
from hypothesis import strategies as st

from reference_impl.adapters.redis.connection import connect as connect_redis
from reference_impl.adapters.redis.recent import RedisRecent
from reference_impl.guard import Guard
from reference_impl.pages import StoredPages
from reference_impl.policy.hot_keys import HotKeysConfig
from reference_impl.policy.recent_window import RecentConfig
from reference_impl.policy.warming import WarmingConfig
from reference_impl.ports import Appended, LogUnavailable
from reference_impl.protocol.events import EventKind
from reference_impl.recent_pages import RecentPages
from reference_impl.recent_wiring import CACHE, WARMING
from reference_impl.recent_writes import RecentWriter
from reference_impl.storage import Storage, migrate_all, open_databases, whole
from tests.adapters.conftest import PATIENCE_S, draft, stream

EXAMPLES = 40
# Small numbers, so that windows are trimmed, fall behind and reach back within a few steps.
CONFIG = RecentConfig(
    comments_max=12, more=2, catch_up_max=15, patience_s=0.02, look_s=0.01,
    warming=WarmingConfig(age_max_s=0.2), hot_keys=HotKeysConfig(copy_per_s=1.5, copies_max=2),
)  # fmt: skip


@dataclass
class Clock:
    now: float = 1_000.0

    def __call__(self) -> float:
        return self.now


class Away(RedisRecent):
    """A cache that can be out of reach."""

    away = False
    meanwhile: Callable[[], Awaitable[None]] | None = None  # what comes between the log's reading and the next build

    async def recall(self, *given: Any) -> Any:
        self._reach()
        return await super().recall(*given)

    async def remember(self, *given: Any) -> None:
        self._reach()
        await super().remember(*given)

    async def build(self, *given: Any) -> None:
        self._reach()
        meanwhile, self.meanwhile = self.meanwhile, None
        if meanwhile:
            event("something comes between")
            await meanwhile()
        await super().build(*given)

    def _reach(self) -> None:
        if self.away:
            raise LogUnavailable("the cache is away")


class Process:
    """Reads pages and brings commits into the cache, now, later or never."""

    def __init__(self, storage: Storage, url: str, clock: Clock) -> None:
        self.store = Away(connect_redis(url), CONFIG)
        cache, warming = (
            Guard(name, replace(each, deadline_s=PATIENCE_S), clock, Random(1))
            for name, each in (("cache", CACHE), ("warming", WARMING))
        )
        stored = StoredPages(storage.log, storage.history)
        self.pages = RecentPages(
            stored, storage.log, storage.history, self.store, cache, warming, CONFIG, clock, Random(1)
        )
        self.writer = RecentWriter(storage.log, storage.history, self.store, cache)
        self.late: list[list[Any]] = []

    async def close(self) -> None:
        await self.pages.close()
        await self.store.close()


@dataclass(frozen=True)
class Step:
    process: int
    kinds: list[str]
    target: int  # which comment; below 0 one of the last
    meanwhile: str  # what befalls the cache, or is committed by the other process, when a window is made
    brought: str
    cache: str
    passed_s: float
    where: str
    back: int  # from the log's head
    limit: int


steps = st.builds(
    Step,
    process=st.integers(0, 1),
    kinds=st.lists(st.sampled_from(["comment"] * 4 + ["reply", "edit", "delete", "pin"]), min_size=1, max_size=4),
    target=st.one_of(st.integers(0, 60), st.integers(-4, -1)),
    meanwhile=st.sampled_from(["", "edit", "delete", "comment", "lost"]),
    brought=st.sampled_from(["through", "through", "through", "late", "lost"]),
    cache=st.sampled_from(
        ["as it is"] * 6 + ["away", "lost", "lost", "rolled back", "one key lost", "late writes come"]
    ),
    passed_s=st.sampled_from([0.0, 0.01, 0.3, 1.1, 5.0]),
    where=st.sampled_from(["newest", "newest", "before", "before", "after"]),
    back=st.one_of(st.integers(-2, 15), st.integers(0, 60)),
    limit=st.integers(1, 8),
)


@dataclass
class World:
    storage: Storage
    client: redis.Redis
    clock: Clock
    processes: list[Process]
    comments: list[str] = field(default_factory=list)
    deleted: dict[str, int] = field(default_factory=dict)  # comment: seq of its deletion
    saved: dict[bytes, bytes] = field(default_factory=dict)


@pytest.fixture(scope="module")
def files(tmp_path_factory) -> Path:
    directory = tmp_path_factory.mktemp("template")
    asyncio.run(migrate_all(f"sqlite:///{directory}/log.sqlite", 1))
    return directory


def test_a_page_says_what_the_log_says_whatever_happens_to_the_cache(files, one) -> None:
    @settings(max_examples=EXAMPLES, derandomize=True, phases=[Phase.explicit, Phase.generate])
    @given(st.lists(steps, min_size=15, max_size=25))
    def over(schedule) -> None:
        with tempfile.TemporaryDirectory() as directory:
            shutil.copytree(files, directory, dirs_exist_ok=True)
            asyncio.run(_run(schedule, f"sqlite:///{directory}/log.sqlite", one))

    over()


async def _run(schedule: list[Step], url: str, one) -> None:
    storage = await whole((await open_databases(url, 1))[0])
    await storage.directory.create(stream("s"))
    clock = Clock()
    with one.server.client as client:
        client.flushall()
        processes = [Process(storage, one.url, clock) for _ in range(2)]
        world = World(storage, client, clock, processes)
        try:
            for number, step in enumerate(schedule):
                await _befalls(world, step)
                await _append(world, step, number)
                clock.now += step.passed_s
                world.processes[step.process].store.meanwhile = _meanwhile(world, step, number)
                await _read(world, step)
            clock.now += 20.0  # breakers let calls through again
            for process in processes:
                process.store.away, process.store.meanwhile = False, None
            await _bring_late(world)
            for process in range(2):
                await _read_exactly(world, process)
        finally:
            for process in processes:
                await process.close()
            await storage.log.close()


async def _befalls(world: World, step: Step) -> None:
    process = world.processes[step.process]
    process.store.away = step.cache == "away"
    if step.cache != "as it is":
        event(step.cache)
    keys = sorted(world.client.scan_iter())
    if step.cache == "lost":
        world.client.flushall()
    elif step.cache == "one key lost" and keys:
        world.client.delete(keys[step.target % len(keys)])
    elif step.cache == "rolled back":
        world.client.flushall()
        for key, value in world.saved.items():
            world.client.restore(key, 0, value)
    elif step.cache == "late writes come":
        await _bring_late(world)
    if step.target % 3 == 0:
        world.saved = {key: dump for key in world.client.scan_iter() if (dump := world.client.dump(key))}


async def _bring_late(world: World) -> None:
    """What was held up comes after all, the last first."""
    for process in world.processes:
        late, process.late = process.late, []
        for events in reversed(late):
            await process.writer.write(events)


def _meanwhile(world: World, step: Step, number: int) -> Callable[[], Awaitable[None]] | None:
    """What comes between a process's reading of the log and its making of a window."""
    other = replace(step, process=1 - step.process, kinds=[step.meanwhile], cache=step.meanwhile, brought="through")
    if step.meanwhile == "lost":
        return partial(_befalls, world, other)
    return partial(_append, world, other, 1000 + number) if step.meanwhile else None


async def _append(world: World, step: Step, number: int) -> None:
    """Commit some events; what is known of them comes into the cache, or does not."""
    drafts = []
    for at, kind in enumerate(step.kinds):
        target = world.comments[(step.target + at) % len(world.comments)] if world.comments else None
        if kind == "comment" or target is None:
            drafts.append(draft(f"{number}-{at}"))
        elif kind == "reply":
            drafts.append(draft(f"reply {number}-{at}", target=target))
        else:
            data = {"text": f"edited {number}-{at}", "mentions": [], "edited": True} if kind == "edit" else {}
            drafts.append(draft(kind=EventKind(kind), target=target, data=data))
    if not drafts:
        return
    events = [each.event for each in await world.storage.log.append(drafts) if isinstance(each, Appended)]
    world.comments += [each.id for each in events if each.kind is EventKind.COMMENT]
    world.deleted |= {each.target: each.seq for each in events if each.kind is EventKind.DELETE}
    process = world.processes[step.process]
    if events and step.brought == "through":
        await process.writer.write(events)
    elif events and step.brought == "late":
        process.late.append(events)


async def _read(world: World, step: Step) -> None:
    """A page may be a second old; what it holds is true of its own head."""
    pages, stored = world.processes[step.process].pages, StoredPages(world.storage.log, world.storage.history)
    least = (await world.storage.log.heads(["s"]))["s"]
    at = max(0, least - step.back)
    if step.where == "after":
        found, now = await pages.after("s", at, step.limit), await stored.after("s", at, 100)
        expected = [each.seq for each in now.comments if each.seq <= max(found.head, at)][: step.limit]
    else:
        seq = None if step.where == "newest" else at
        found = await pages.before("s", seq, step.limit)
        below = found.head + 1 if seq is None else seq
        now = await stored.before("s", below, 100)
        expected = [each.seq for each in now.comments if each.seq <= found.head][-step.limit :]
    assert found.head <= now.head
    assert [each.seq for each in found.comments] == expected
    for each in found.comments:
        gone = world.deleted.get(each.id)
        assert each.data.get("deleted") or gone is None or gone > found.head
    if step.passed_s > CONFIG.head_fresh_s:
        assert found.head >= least
    if found.head == now.head and step.passed_s > CONFIG.head_fresh_s:
        current = {each.seq: each for each in now.comments}
        assert found.comments == [current[each.seq] for each in found.comments]


async def _read_exactly(world: World, process: int) -> None:
    stored = StoredPages(world.storage.log, world.storage.history)
    for limit in (1, 5, 30):
        assert await world.processes[process].pages.before("s", None, limit) == await stored.before("s", None, limit)
    for seq in range(12):
        assert await world.processes[process].pages.after("s", seq, 7) == await stored.after("s", seq, 7)
