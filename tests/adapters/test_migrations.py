"""The tables: made by migrations, the same as the schema says, checked at start, and an old log is taken over."""

import asyncio
import sqlite3

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext

from reference_impl.adapters.sql import migrate
from reference_impl.adapters.sql.connecting import connect
from reference_impl.adapters.sql.schema import metadata
from reference_impl.ports import LogUnavailable
from reference_impl.storage import close_databases, migrate_all, open_databases
from tests.adapters.conftest import Engine, draft


def test_the_migrations_make_what_the_schema_says(whole):
    def difference(connection):
        return compare_metadata(MigrationContext.configure(connection, opts={"compare_type": True}), metadata)

    async def work(database):
        await migrate.upgrade(database)
        assert await database.read(difference) == []

    _with_database(whole, work)


def test_migrating_twice_changes_nothing(whole):
    async def work(database):
        await migrate.upgrade(database)
        before, after = await migrate.upgrade(database)
        assert before == after
        await migrate.check(database)

    _with_database(whole, work)


def test_a_database_without_tables_is_refused_with_the_remedy(whole):
    async def work(database):
        with pytest.raises(LogUnavailable, match=r"revision none .* run 'livecomments migrate'"):
            await migrate.check(database)

    _with_database(whole, work)


def _with_database(engine, work):
    async def main():
        database = connect(engine.url)
        try:
            await work(database)
        finally:
            await database.close()

    asyncio.run(main())


def test_the_number_of_partitions_is_fixed_when_a_log_is_made(engine):
    made = engine.partitions

    async def main():
        await (await engine.open()).log.close()
        with pytest.raises(LogUnavailable, match=rf"partitions={made} and cannot be opened with partitions=5"):
            await open_databases(engine.url, 5)
        with pytest.raises(LogUnavailable, match=rf"partitions={made} and cannot be opened with partitions=5"):
            await migrate_all(engine.url, 5)
        databases = await open_databases(engine.url, None)
        assert len(databases) == made
        await close_databases(databases)

    asyncio.run(main())


def test_processes_that_open_a_new_log_at_once_agree_on_it(whole):
    async def main():
        stores = await asyncio.gather(*(whole.open() for _ in range(4)))
        epochs = {store.log.epoch for store in stores}
        for store in stores:
            await store.log.close()
        assert len(epochs) == 1

    asyncio.run(main())


def test_a_log_from_before_the_events_is_taken_over(tmp_path):
    old = sqlite3.connect(tmp_path / "log.sqlite")
    old.executescript(
        """
        CREATE TABLE log (epoch INTEGER NOT NULL);
        INSERT INTO log VALUES (1700000000);
        CREATE TABLE comments (stream TEXT NOT NULL, seq INTEGER NOT NULL, id TEXT NOT NULL, author TEXT NOT NULL,
            text TEXT NOT NULL, created_at_ms INTEGER NOT NULL, PRIMARY KEY (stream, seq)) WITHOUT ROWID;
        INSERT INTO comments VALUES ('demo', 1, 'a', 'Ada', 'hello', 5), ('demo', 2, 'b', 'Bo', 'you', 7);
        CREATE TABLE idempotency (stream TEXT NOT NULL, author TEXT NOT NULL, key TEXT NOT NULL,
            fingerprint BLOB NOT NULL, seq INTEGER NOT NULL, PRIMARY KEY (stream, author, key)) WITHOUT ROWID;
        """
    )
    old.close()

    async def work(store):
        assert store.log.epoch == 1700000000
        events = await store.log.read("demo", first=1, last=9)
        assert [(each.seq, each.data["author"]["name"], each.data["text"], each.at_ms) for each in events] == [
            (1, "Ada", "hello", 5),
            (2, "Bo", "you", 7),
        ]
        (answer,) = await store.log.append([draft(stream="demo")])
        assert answer.event.seq == 3

    Engine(f"sqlite:///{tmp_path / 'log.sqlite'}").use(work)
