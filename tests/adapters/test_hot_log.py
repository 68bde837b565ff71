"""What a hot log does besides being a log: its window, its hints, and those who come late."""

import asyncio
from pathlib import Path

import pytest

from reference_impl.adapters.hot.durable import Durable
from reference_impl.adapters.hot.window import Exposure, Standing, Window, WindowConfig
from reference_impl.adapters.redis.broker import channel_of
from reference_impl.adapters.redis.connection import connect as connect_redis
from reference_impl.adapters.redis.messages import decode
from reference_impl.adapters.sql.connecting import connect
from reference_impl.ports import Appended, LogUnavailable, Refused
from reference_impl.protocol import problem
from reference_impl.protocol.events import EventKind
from reference_impl.storage import Storage, hot, migrate_all
from tests.adapters.conftest import draft, stream


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'log.sqlite'}"


async def opened(url: str, redis_url: str, config: WindowConfig | None = None) -> Storage:
    await migrate_all(url, 1)
    store = await hot(connect(url), redis_url, config or WindowConfig())
    await store.directory.create(stream("s"))
    return store


@pytest.fixture
def one_empty(one):
    one.server.ask("FLUSHALL")
    return one


def test_a_full_window_refuses_what_it_cannot_take_until_the_archive_has_caught_up(url, one_empty):
    async def main():
        store = await opened(url, one_empty.url, WindowConfig(entries_max=3))
        answers = await store.log.append([draft(str(number)) for number in range(5)])
        assert [type(each) for each in answers] == [Appended] * 3 + [Refused] * 2
        assert {each.kind for each in answers[3:]} == {problem.OVERLOADED}
        assert len(await store.history.after("s", 0, 9)) == 3  # looking has it archived
        (answer,) = await store.log.append([draft("again")])
        assert answer.event.seq == 4
        await store.log.close()

    asyncio.run(main())


def test_a_window_is_full_by_its_bytes_too(url, one_empty):
    async def main():
        store = await opened(url, one_empty.url, WindowConfig(size_bytes=2_000))
        answers = await store.log.append([draft("x" * 600) for _ in range(5)])
        assert [type(each) for each in answers] == [Appended] * 3 + [Refused] * 2
        await store.history.after("s", 0, 9)
        assert isinstance((await store.log.append([draft()]))[0], Appended)
        await store.log.close()

    asyncio.run(main())


def test_a_key_is_known_after_its_comment_has_left_the_window(url, one_empty):
    async def main():
        store = await opened(url, one_empty.url)
        (first,) = await store.log.append([draft("x", key="k")])
        await store.history.after("s", 0, 9)
        assert one_empty.server.ask("XLEN lc:{s}:window") == 0
        (again,) = await store.log.append([draft("x", key="k")])
        assert (again.replayed, again.event) == (True, first.event)
        await store.log.close()

    asyncio.run(main())


def test_a_key_that_was_used_in_sql_is_known_to_plain_comments(url, one_empty):
    async def main():
        store = await opened(url, one_empty.url)
        parent = draft("parent")
        await store.log.append([parent, draft("same", key="k", target=parent.id)])
        (other,) = await store.log.append([draft("same", key="k")])
        assert (type(other), other.kind) == (Refused, problem.KEY_REUSED)
        await store.log.close()

    asyncio.run(main())


def test_keys_are_looked_for_in_sql_when_redis_has_lost_them(url, one_empty):
    async def main():
        store = await opened(url, one_empty.url)
        (first,) = await store.log.append([draft("x", key="k")])
        await store.history.after("s", 0, 9)
        one_empty.server.ask("FLUSHALL")
        answers = await store.log.append([draft("x", key="k"), draft("new", key="l")])
        assert [(each.replayed, each.event.id) for each in answers[:1]] == [(True, first.event.id)]
        assert (answers[1].replayed, answers[1].event.seq) == (False, 2)
        await store.log.close()

    asyncio.run(main())


def test_an_archiver_that_was_held_up_while_redis_lost_its_window_archives_nothing(url, one_empty):
    async def main():
        store, database = await opened(url, one_empty.url), connect(url)
        durable, window = Durable(database), Window(connect_redis(one_empty.url), WindowConfig())
        await store.log.append([draft("kept")])
        await store.history.after("s", 0, 9)
        await store.log.append([draft("lost"), draft("lost too")])
        taken = await window.take("s", 0, 99)
        one_empty.server.ask("FLUSHALL")
        await store.log.append([draft("new")])
        await store.history.after("s", 0, 9)
        late = [entry.draft() for entry in taken.entries]
        assert await durable.archive("s", taken.term, late, 2) is None
        assert [each.data["text"] for each in await store.history.after("s", 0, 9)] == ["kept", "new"]
        await window.close()
        await database.close()
        await store.log.close()

    asyncio.run(main())


def test_lost_continuity_begins_a_new_epoch_and_keeps_what_is_left(url, one_empty):
    async def main():
        store = await opened(url, one_empty.url)
        await store.log.append([draft("1"), draft("2")])
        epoch = store.log.epoch
        one_empty.server.ask("HSET lc:{s}:standing run other")
        (third,) = await store.log.append([draft("3")])
        assert (third.event.epoch > epoch, third.event.seq) == (True, 3)
        assert [each.epoch for each in await store.log.read("s", first=1, last=3)] == [third.event.epoch] * 3
        await store.log.close()

    asyncio.run(main())


def test_a_redis_that_has_forgotten_the_opening_of_a_stream_is_doubted(url, one_empty):
    """What it has kept, sealed, is from before the comments that it has lost."""

    async def main():
        store = await opened(url, one_empty.url)
        await store.log.append([draft("1"), draft("reply to none", target="nobody")])  # which takes the stream back
        epoch, standing = store.log.epoch, one_empty.server.ask("DUMP lc:{s}:standing")
        await store.log.append([draft("lost")])
        with one_empty.server.client as client:
            client.flushall()
            client.restore("lc:{s}:standing", 0, standing)
            client.hset("lc:{s}:standing", "run", "an earlier one")
        (other,) = await store.log.append([draft("new")])
        assert (other.event.seq, other.event.epoch > epoch) == (2, True)
        await store.log.close()

    asyncio.run(main())


def test_a_server_that_syncs_every_write_is_believed_after_a_restart(url, servers):
    server = servers("--appendonly", "yes", "--appendfsync", "always", "--appenddirname", "synced")

    async def main():
        store = await opened(url, server.url)
        await store.log.append([draft("1"), draft("2")])
        epoch = store.log.epoch
        server.kill()
        server.start()
        with pytest.raises(LogUnavailable):  # the connection that was open
            await store.log.append([draft("3")])
        (third,) = await store.log.append([draft("3")])
        assert (third.event.epoch, third.event.seq) == (epoch, 3)
        await store.log.close()

    asyncio.run(main())


@pytest.mark.parametrize(
    ("options", "exposure"),
    [
        ((), Exposure.ALL),
        (("--appendonly", "yes", "--appenddirname", "a"), Exposure.SECONDS),
        (("--appendonly", "yes", "--appendfsync", "always", "--appenddirname", "b"), Exposure.NONE),
    ],
)
def test_what_a_crash_of_redis_may_cost_is_known(options, exposure, servers):
    async def main():
        window = Window(connect_redis(servers(*options).url), WindowConfig())
        assert await window.exposure() is exposure
        await window.close()

    asyncio.run(main())


def test_comments_wait_for_replicas(url, one_empty):
    async def main():
        store = await opened(url, one_empty.url, WindowConfig(replicas=1, replicas_ms=10))
        with pytest.raises(LogUnavailable, match="0 of 1 replicas"):
            await store.log.append([draft()])
        await store.log.close()

    asyncio.run(main())


def test_the_script_tells_other_processes_what_it_has_placed(url, one_empty):
    async def main():
        store = await opened(url, one_empty.url, WindowConfig(announces=True, origin="me"))
        client = connect_redis(one_empty.url)
        pubsub = client.pubsub()
        await pubsub.subscribe(channel_of("s"))
        await pubsub.get_message(timeout=60)
        answers = await store.log.append([draft("1"), draft('héllo \u2028 "2"')])
        batch = decode((await pubsub.get_message(timeout=60))["data"])
        assert batch.origin == "me"
        assert [each.event for each in batch.messages] == [each.event for each in answers]
        assert all(each.announced for each in answers)
        (edit,) = await store.log.append(
            [draft(kind=EventKind.EDIT, target=answers[0].event.id, data={"text": "b", "mentions": [], "edited": True})]
        )
        assert not edit.announced
        await pubsub.aclose()
        await client.aclose()
        await store.log.close()

    asyncio.run(main())


def test_a_cluster_can_have_the_windows(url, cluster):
    async def main():
        store = await opened(url, cluster.url, WindowConfig(announces=True, sharded=True))
        await store.directory.create(stream("t"))
        drafts = [draft("1"), draft("x", stream="t", key="k"), draft("2")]
        answers = await store.log.append(drafts)
        assert [each.event.seq for each in answers] == [1, 1, 2]
        assert (await store.log.append([draft("x", stream="t", key="k")]))[0].replayed
        await store.log.append([draft(kind=EventKind.DELETE, target=drafts[0].id, data={})])
        assert [each.kind for each in await store.log.read("s", first=1, last=9)] == ["comment", "comment", "delete"]
        assert await store.log.heads(["s", "t"]) == {"s": 3, "t": 1}
        await store.log.close()

    asyncio.run(main())


def test_an_opener_that_comes_late_changes_nothing(url, one_empty):
    async def main():
        store, database = await opened(url, one_empty.url), connect(url)
        durable, window = Durable(database), Window(connect_redis(one_empty.url), WindowConfig())
        late = await durable.open("s")
        await store.log.append([draft("reply to none", target="nobody")])  # takes the stream back
        assert not await window.open(late, "s")
        assert (await window.take("s", 0, 9)).standing is not Standing.OPEN
        await window.close()
        await database.close()
        await store.log.close()

    asyncio.run(main())
