"""A queue for each partition of a split log."""

import asyncio
import sqlite3

import pytest

from reference_impl.policy.batching import GroupCommitConfig
from reference_impl.policy.partitioning import ByStream, ByUser, home
from reference_impl.ports import Appended, LogUnavailable
from reference_impl.storage import close_databases, migrate_all, open_databases, split
from tests.adapters.conftest import PARTITIONS, draft, stream


class Published:
    """Takes note of what was published, in order."""

    def __init__(self):
        self.ids = []

    def publish(self, message):
        self.ids.append(message.event.id)


@pytest.fixture
def run(tmp_path):
    url = f"sqlite:///{tmp_path}/log.sqlite"

    def run(strategy, work, config=GroupCommitConfig()):  # noqa: B008 - it is frozen
        async def main():
            await migrate_all(url, PARTITIONS)
            databases = await open_databases(url, None)
            storage = await split(databases, strategy)
            published = Published()
            loop = asyncio.get_running_loop()
            commits = storage.commits(lambda lane, _: lane, published, config, loop.time)
            try:
                await work(storage, commits, published)
            finally:
                await commits.drain()
                await close_databases(databases)

        asyncio.run(main())

    return run


def test_drafts_of_several_partitions_are_answered_in_their_order_and_published_once_each(run):
    async def work(storage, commits, published):
        await storage.directory.create(stream("s"))
        drafts = [draft(author=f"user-{number % 7}") for number in range(50)]
        outcomes = await commits.submit_all(drafts, 0.0)
        assert [each.event.id for each in outcomes] == [each.id for each in drafts]
        assert sorted(each.event.seq for each in outcomes) == list(range(1, 51))
        assert sorted(published.ids) == sorted(each.id for each in drafts)

    run(ByUser(PARTITIONS), work)


def test_when_one_queue_has_no_room_none_of_the_drafts_is_taken(run):
    async def work(storage, commits, published):
        await storage.directory.create(stream("s"))
        assert commits.submit_all([draft(author=f"user-{number}") for number in range(9)], 0.0) is None
        await commits.drain()
        assert await storage.log.heads(["s"]) == {"s": 0}

    run(ByUser(PARTITIONS), work, GroupCommitConfig(batch_max=1, waiting_max=2))


def test_a_partition_that_stands_still_holds_up_no_other_one(run, tmp_path):
    cold, hot = (next(n for n in map(str, range(99)) if home(n, PARTITIONS) == number) for number in (0, 1))

    async def work(storage, commits, published):
        for name in (cold, hot):
            await storage.directory.create(stream(name))
        lock = sqlite3.connect(tmp_path / "log-1.sqlite", isolation_level=None)
        lock.execute("BEGIN IMMEDIATE")
        stuck = commits.submit(draft(stream=hot), 0.0)
        assert isinstance(await commits.submit(draft(stream=cold), 0.0), Appended)
        assert not stuck.done()
        lock.execute("ROLLBACK")
        lock.close()
        assert isinstance(await stuck, Appended | LogUnavailable)

    run(ByStream(PARTITIONS), work)
