"""Changed profiles as work: found by servers, queued once, done by a worker, and again when they wait for too long."""

import asyncio
from contextlib import asynccontextmanager
from types import SimpleNamespace

import pytest

from reference_impl.adapters.redis.connection import connect
from reference_impl.adapters.redis.work_queue import RedisWorkQueue
from reference_impl.profile_work import AGAIN_S, PROFILES, ProfileWork, QueuedProfiles
from reference_impl.profiles import ProfileRefresher
from reference_impl.protocol.streams import Profile
from tests.adapters.conftest import Engine, draft


@pytest.fixture
def world(one, tmp_path):
    """A log with comments of Ann and Bo, a server that looks for changed profiles, and a worker's hands."""

    @asynccontextmanager
    async def open_():
        one.server.ask("FLUSHALL")
        storage = await Engine(f"sqlite:///{tmp_path / 'log.sqlite'}").open("s")
        queue, now, told = RedisWorkQueue(connect(one.url), PROFILES, parts=1, lease_s=600.0), [0.0], []

        async def changed(stream, seconds):
            told.append((stream, seconds))

        server = QueuedProfiles(storage.profiles, queue, lambda: now[0])
        work = ProfileWork(storage.profiles, ProfileRefresher(storage.directory, storage.profiles, changed))
        hold = await queue.hold("w", 0, None)
        await storage.log.append([draft("1", author="ann"), draft("2", author="bo")])
        made = SimpleNamespace(storage=storage, queue=queue, now=now, told=told, server=server, work=work, hold=hold)
        try:
            yield made
        finally:
            await queue.close()
            await storage.log.close()

    return open_


async def names(made):
    return [each.data["author"]["name"] for each in await made.storage.log.read("s", first=1, last=2)]


async def rename(made, user, name):
    await made.storage.directory.save(Profile(user=user, name=name))


async def take(made):
    pieces = await made.queue.take(made.hold, 100)
    await made.work.handle(made.hold, pieces)
    await made.queue.done(made.hold, pieces)
    return [piece.data for piece in pieces]


def test_a_changed_profile_is_queued_once_and_brought_into_earlier_comments(world):
    async def main():
        async with world() as made:
            await rename(made, "ann", "Ann the First")
            for _ in range(3):
                await made.server.look()
            assert await names(made) == ["ann", "bo"]
            assert await take(made) == ["ann"]
            assert await names(made) == ["Ann the First", "bo"]
            assert made.told == [("s", [0])]
            await made.server.look()
            assert await take(made) == []

    asyncio.run(main())


def test_what_another_server_has_queued_too_is_done_once(world):
    async def main():
        async with world() as made:
            await rename(made, "ann", "Ann the First")
            await made.server.look()
            await QueuedProfiles(made.storage.profiles, made.queue, lambda: 0.0).look()
            assert await take(made) == ["ann", "ann"]
            assert made.told == [("s", [0])]

    asyncio.run(main())


def test_a_profile_that_changes_again_is_queued_again(world):
    async def main():
        async with world() as made:
            for name in ("One", "Two"):
                await rename(made, "bo", name)
                await made.server.look()
            await take(made)
            assert await names(made) == ["ann", "Two"]

    asyncio.run(main())


def test_what_was_queued_and_lost_is_queued_again_after_a_while(world, one):
    async def main():
        async with world() as made:
            await rename(made, "ann", "Ann the First")
            await made.server.look()
            one.server.ask("FLUSHALL")
            made.hold = await made.queue.hold("w", 0, None)
            made.now[0] = AGAIN_S - 1
            await made.server.look()
            assert await take(made) == []
            made.now[0] = AGAIN_S + 1
            await made.server.look()
            assert await take(made) == ["ann"]
            assert await names(made) == ["Ann the First", "bo"]

    asyncio.run(main())
