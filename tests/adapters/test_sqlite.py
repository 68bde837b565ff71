"""What only the embedded engine has: a file."""

import asyncio
import sqlite3

import pytest

from reference_impl.adapters.sql import database
from reference_impl.adapters.sql.database import SqliteDatabase
from reference_impl.adapters.sql.measured import MeasuredDatabase
from reference_impl.ports import LogUnavailable
from tests.adapters.conftest import Engine, draft


def test_a_locked_log_is_unavailable_and_comes_back_by_itself(tmp_path, monkeypatch):
    monkeypatch.setattr(database, "BUSY_TIMEOUT_MS", 20)

    async def work(store):
        other = sqlite3.connect(tmp_path / "log", isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(LogUnavailable, match="locked"):
            await store.log.append([draft()])
        other.execute("ROLLBACK")
        other.close()
        assert (await store.log.append([draft()]))[0].event.seq == 1

    Engine(f"sqlite:///{tmp_path / 'log'}").use(work)


def test_a_log_that_cannot_be_opened_says_why(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(LogUnavailable, match="cannot open the log"):
        SqliteDatabase(tmp_path / "file" / "log")


def test_a_file_that_is_no_database_is_refused(tmp_path):
    (tmp_path / "log").write_bytes(b"not a database, but long enough to have a header" * 20)
    with pytest.raises(LogUnavailable, match="not a database"):
        asyncio.run(Engine(f"sqlite:///{tmp_path / 'log'}").open())


def test_a_write_is_timed_and_what_the_one_before_has_left_to_do_is_told_with_it(tmp_path):
    told = []

    async def work():
        measured = MeasuredDatabase(SqliteDatabase(tmp_path / "log"), lambda *row: told.append(row))
        answers = [await measured.write(lambda each: each.exec_driver_sql("SELECT 1").scalar()) for _ in range(2)]
        await measured.close()
        return answers

    assert asyncio.run(work()) == [1, 1]
    for asked_s, begun_s, worked_s, answered_s, cpu_s, _ in told:
        assert asked_s <= begun_s <= worked_s <= answered_s
        assert cpu_s > 0
    assert told[0][-1] == 0
    assert told[1][-1] > 0, "the first one's commit"
