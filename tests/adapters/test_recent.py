"""The cache of newest comments on one Redis and on a cluster: one reads for a crowd, and a hot window has copies."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from random import Random
from typing import Any

import pytest

from reference_impl.adapters.redis.connection import connect
from reference_impl.adapters.redis.recent import RedisRecent
from reference_impl.guard import Guard
from reference_impl.pages import Pages, StoredPages, Stretch
from reference_impl.policy.circuit_breaker import STAYS_CLOSED
from reference_impl.policy.hot_keys import HotKeysConfig
from reference_impl.policy.recent_window import Recall, RecentConfig, Wanted, Window, recall
from reference_impl.policy.warming import WarmingConfig
from reference_impl.ports import Appended
from reference_impl.protocol.events import Event, EventKind
from reference_impl.recent import Built, Recalled
from reference_impl.recent_pages import RecentPages
from reference_impl.recent_wiring import CACHE, WARMING
from reference_impl.recent_writes import BEHIND_MAX, BehindQueue, RecentWriter, WriteBehind, WriteThrough
from reference_impl.storage import Storage
from tests.adapters.conftest import PATIENCE_S, Engine, draft

Server = tuple[RecentPages, RecentWriter, RedisRecent]

CROWD = 100
COMMENTS = 40
# So that a slow machine is not taken for a dead process, nor a window for an old one.
CONFIG = RecentConfig(patience_s=PATIENCE_S, warming=WarmingConfig(age_max_s=3600.0))
PATIENT = [replace(each, deadline_s=PATIENCE_S, breaker=STAYS_CLOSED) for each in (CACHE, WARMING)]


class Counting:
    """Pages from the log, slow, each one counted; ``mark`` is put into what is read, as counts of reactions are."""

    def __init__(self, stored: Pages) -> None:
        self._stored = stored
        self.reads = 0
        self.mark = ""

    async def before(self, stream: str, seq: int | None, limit: int) -> Stretch:
        self.reads += 1
        await asyncio.sleep(0.05)
        return self._marked(await self._stored.before(stream, seq, limit))

    async def after(self, stream: str, seq: int, limit: int) -> Stretch:
        self.reads += 1
        return self._marked(await self._stored.after(stream, seq, limit))

    def _marked(self, found: Stretch) -> Stretch:
        return Stretch(found.head, [replace(each, data=each.data | {"mark": self.mark}) for each in found.comments])


class World:
    """A log with comments, and servers that share a cache."""

    def __init__(self, storage: Storage, url: str) -> None:
        self.storage, self._url = storage, url
        self.stored = Counting(StoredPages(storage.log, storage.history))
        self.closing: list[Callable[[], Awaitable[None]]] = []

    def server(self, config: RecentConfig = CONFIG, lease_s: float = PATIENCE_S) -> Server:
        store = RedisRecent(connect(self._url), config)
        store._lease_ms = int(lease_s * 1000)
        cache, warming = (Guard("g", each, time.monotonic, Random(1)) for each in PATIENT)
        log, history = self.storage.log, self.storage.history
        pages = RecentPages(self.stored, log, history, store, cache, warming, config, time.monotonic, Random(1))
        self.closing += [pages.close, store.close]
        return pages, RecentWriter(log, history, store, cache), store

    async def post(self, number: int = COMMENTS) -> list[Event]:
        answers = await self.storage.log.append([draft(f"comment {each}") for each in range(number)])
        return [each.event for each in answers if isinstance(each, Appended)]


@pytest.fixture(params=["one", "cluster"])
def world(request, tmp_path):
    """Opens a log beside a Redis that holds nothing of it."""
    redises = request.getfixturevalue(request.param)

    @asynccontextmanager
    async def open_():
        client = connect(redises.url)
        await client.flushall(**({"target_nodes": "primaries"} if redises.sharded else {}))
        await client.aclose()
        storage = await Engine(f"sqlite:///{tmp_path / 'log.sqlite'}").open("s")
        made = World(storage, redises.url)
        try:
            yield made
        finally:
            for close in made.closing:
                await close()
            await storage.log.close()

    return open_


def test_a_crowd_that_finds_nothing_has_the_log_read_once_for_all(world) -> None:
    async def main() -> None:
        async with world() as made:
            await made.post()
            servers = [made.server()[0] for _ in range(3)]
            asking = [pages.before("s", None, 10) for pages in servers for _ in range(CROWD)]
            found = await asyncio.gather(*asking)
            assert made.stored.reads == 1
            assert [each.seq for each in found[0].comments] == list(range(COMMENTS - 9, COMMENTS + 1))
            assert all(each == found[0] for each in found)
            await asyncio.gather(*(pages.before("s", None, 10) for pages in servers))
            assert made.stored.reads == 1
            assert all(pages.status()[Recall.HIT] >= 1 for pages in servers)

    asyncio.run(main())


def test_what_one_server_brings_another_finds_without_asking_the_log(world) -> None:
    async def main() -> None:
        async with world() as made:
            (_, writer, _), (pages, _, _) = made.server(), made.server()
            through = WriteThrough(made.storage.log, writer)
            (first,) = await through.append([draft("first")])
            edit = draft(kind=EventKind.EDIT, target=first.event.id, data={"text": "better", "edited": True})
            await through.append([draft("second"), edit])
            found = await pages.before("s", None, 10)
            assert [each.data["text"] for each in found.comments] == ["better", "second"]
            assert (found.head, made.stored.reads) == (3, 0)

    asyncio.run(main())


def test_what_waits_is_brought_on_the_way_out_and_what_is_too_much_is_left(world) -> None:
    async def main() -> None:
        async with world() as made:
            pages, writer, _ = made.server()
            queue = BehindQueue(writer)
            behind = WriteBehind(made.storage.log, queue)
            await behind.append([draft("first")])
            await queue.flush()
            assert len((await pages.before("s", None, 10)).comments) == 1
            assert made.stored.reads == 0
            queue.put(await made.post(1) * (BEHIND_MAX + 1))
            assert queue.left == BEHIND_MAX + 1
            await queue.flush()

    asyncio.run(main())


def test_a_hot_window_has_copies_that_all_get_what_is_written(world) -> None:
    hot = replace(CONFIG, hot_keys=HotKeysConfig(copy_per_s=1.0, copies_max=4), head_fresh_s=0.0)

    async def main() -> None:
        async with world() as made:
            pages, writer, _ = made.server(hot)
            await made.post()
            for _ in range(200):
                await pages.before("s", None, 10)
            assert made.stored.reads == 4  # each copy was made, once
            (event,) = await made.post(1)
            await writer.write([event])
            for _ in range(50):
                assert (await pages.before("s", None, 1)).comments == [event]
            assert made.stored.reads == 4
            assert pages.status()[Recall.HIT] >= 240
            assert Recall.BEHIND not in pages.status()
            client = connect(made._url)
            if not hasattr(client, "keyslot"):
                await client.aclose()
                return
            names = [f"lc:{{s#{copy}}}:recent" for copy in range(4)]
            assert await client.exists(*names) == 4
            assert len({client.get_node_from_key(name).name for name in names}) > 1
            await client.aclose()

    asyncio.run(main())


def test_a_window_is_made_anew_while_it_is_read_and_so_learns_what_no_event_tells(world) -> None:
    async def main() -> None:
        async with world() as made:
            await made.post()
            pages, _, _ = made.server(replace(CONFIG, warming=WarmingConfig(age_max_s=0.001)), lease_s=0.001)
            await pages.before("s", None, 10)
            made.stored.mark = "ten people like it"
            async with asyncio.timeout(60):
                newest = (await pages.before("s", None, 10)).comments[-1]
                while not newest.data["mark"]:
                    await asyncio.sleep(0.01)
                    newest = (await pages.before("s", None, 10)).comments[-1]
            assert newest.data["mark"] == made.stored.mark
            assert set(pages.status()) == {Recall.MISSING, Recall.HIT, "hit_rate"}

    asyncio.run(main())


def test_pages_further_back_are_there_from_the_second_time_on(world) -> None:
    async def main() -> None:
        async with world() as made:
            await made.post(200)
            pages, _, _ = made.server()
            await pages.before("s", None, 10)
            for _ in range(3):
                found = await pages.before("s", 120, 10)
                assert [each.seq for each in found.comments] == list(range(110, 120))
            assert pages.status()[Recall.OLDER] == 1
            assert made.stored.reads == 2

    asyncio.run(main())


async def recalled(store: RedisRecent, log: Any, head: int, below: int, limit: int = 5) -> Recalled:
    return await store.recall("s", 0, 1, log.epoch, head, Wanted(True, below, limit))


def stretch(made: World, events: list[Event], low: int, high: int, head: int) -> Built:
    """What a reader of the log has to build with."""
    return Built(made.storage.log.epoch, head, low, high, [each for each in events if low <= each.seq <= high], 0.0)


def test_what_was_read_before_a_change_does_not_undo_it(world) -> None:
    async def main() -> None:
        async with world() as made:
            events = await made.post()
            _, writer, store = made.server()
            await store.build("s", 0, stretch(made, events, 31, 40, 40))
            (edit,) = await made.storage.log.append(
                [draft(kind=EventKind.EDIT, target=events[4].id, data={"text": "x"})]
            )
            await writer.write([edit.event])
            await store.build("s", 0, stretch(made, events, 1, 30, 40))
            assert (await recalled(store, made.storage.log, 41, 10)).recall is Recall.OLDER
            await store.build("s", 0, stretch(made, events, 21, 30, 41))  # read after it
            assert (await recalled(store, made.storage.log, 41, 30)).recall is Recall.HIT

    asyncio.run(main())


def test_a_window_has_no_hole(world) -> None:
    async def main() -> None:
        async with world() as made:
            events, log = await made.post(), made.storage.log
            _, _, store = made.server()
            await store.build("s", 0, stretch(made, events, 11, 20, 40))
            assert (await recalled(store, log, 40, 15)).recall is Recall.MISSING  # there was nothing to reach back from
            await store.build("s", 0, stretch(made, events, 31, 40, 40))
            await store.build("s", 0, stretch(made, events, 1, 20, 40))
            assert (await recalled(store, log, 40, 25)).recall is Recall.OLDER
            await store.build("s", 0, stretch(made, events, 1, 30, 40))
            assert (await recalled(store, log, 40, 25)).recall is Recall.HIT
            await store.build("s", 0, stretch(made, events, 36, 40, 40))  # made anew, and smaller
            assert (await recalled(store, log, 40, 36)).recall is Recall.OLDER
            found = await recalled(store, log, 40, 41)
            assert (found.first, found.size) == (36, 5)

    asyncio.run(main())


def test_a_window_in_redis_is_found_to_be_what_the_policy_says(world) -> None:
    window = Window(first=21, through=40, size=20)
    asked = [
        (head, Wanted(newest_first, seq, limit))
        for head in (39, 40, 41)
        for newest_first in (True, False)
        for seq in (None, 1, 19, 20, 21, 22, 25, 26, 30, 40, 41, 42, 60)
        for limit in (1, 5, 20, 21)
        if newest_first or seq is not None
    ]

    async def main() -> None:
        async with world() as made:
            events, epoch = await made.post(), made.storage.log.epoch
            _, _, store = made.server()
            await store.build("s", 0, stretch(made, events, 21, 40, 40))
            for head, wanted in asked:
                found = (await store.recall("s", 0, 1, epoch, head, wanted)).recall
                assert found is recall(window, head, wanted, _from_21_to_40), (head, wanted)

    asyncio.run(main())


def _from_21_to_40(first: int, last: int) -> int:
    return max(0, min(last, 40) - max(first, 21) + 1)


def test_what_another_log_has_is_not_there(world) -> None:
    async def main() -> None:
        async with world() as made:
            events, log = await made.post(), made.storage.log
            _, _, store = made.server()
            await store.build("s", 0, replace(stretch(made, events, 31, 40, 40), epoch=log.epoch + 1))
            assert (await recalled(store, log, 40, 41)).recall is Recall.MISSING
            await store.build("s", 0, stretch(made, events, 31, 40, 40))  # an earlier epoch does not come back
            assert (await recalled(store, log, 40, 41)).recall is Recall.MISSING

    asyncio.run(main())
