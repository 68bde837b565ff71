"""The embedded log by itself."""

import asyncio
import sqlite3
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from reference_impl.adapters import sqlite as adapter
from reference_impl.adapters.sqlite import SqliteLog
from reference_impl.ports import Appended, KeyReused, LogUnavailable
from reference_impl.protocol.events import Draft


def draft(text, stream="s", key=None, author="a"):
    return Draft(stream=stream, id=text, author=author, text=text, created_at_ms=0, idempotency_key=key)


def with_log(path: Path, use: Callable[[SqliteLog], Awaitable[object]]):
    async def main():
        log = SqliteLog(path)
        try:
            return await use(log)
        finally:
            await log.close()

    return asyncio.run(main())


def test_every_stream_has_a_contiguous_sequence_of_its_own(tmp_path):
    async def use(log):
        answers = await log.append([draft("1"), draft("x", stream="t"), draft("2"), draft("3")])
        assert [(each.comment.stream, each.comment.seq) for each in answers] == [("s", 1), ("t", 1), ("s", 2), ("s", 3)]
        assert await log.heads(["s", "t", "none"]) == {"s": 3, "t": 1, "none": 0}
        assert [each.text for each in await log.read("s", first=2, last=9)] == ["2", "3"]

    with_log(tmp_path / "log", use)


def test_a_log_that_is_opened_again_goes_on_in_its_epoch(tmp_path):
    async def use(log):
        return log.epoch, (await log.append([draft("x")]))[0].comment.seq

    first, second = (with_log(tmp_path / "log", use) for _ in range(2))
    assert (second[0], first[1], second[1]) == (first[0], 1, 2)


def test_two_processes_on_one_file_keep_one_sequence(tmp_path):
    async def use(log):
        other = SqliteLog(tmp_path / "log")
        batches = [each.append([draft(f"{n}")]) for n in range(50) for each in (log, other)]
        answers = [answer for batch in await asyncio.gather(*batches) for answer in batch]
        await other.close()
        assert sorted(answer.comment.seq for answer in answers) == list(range(1, 101))

    with_log(tmp_path / "log", use)


def test_a_key_replays_its_comment_or_refuses_another(tmp_path):
    async def use(log):
        (first,) = await log.append([draft("x", key="k")])
        again, other, elsewhere = await log.append(
            [draft("x", key="k"), draft("y", key="k"), draft("y", key="k", author="b")]
        )
        assert again == Appended(first.comment, replayed=True)
        assert isinstance(other, KeyReused)
        assert elsewhere.comment.seq == 2

    with_log(tmp_path / "log", use)


def test_a_batch_that_fails_half_way_stores_nothing(tmp_path):
    async def use(log):
        with pytest.raises(LogUnavailable):
            await log.append([draft("good"), draft(None)])
        assert await log.heads(["s"]) == {"s": 0}
        assert (await log.append([draft("next")]))[0].comment.seq == 1

    with_log(tmp_path / "log", use)


def test_a_locked_log_is_unavailable_and_comes_back_by_itself(tmp_path, monkeypatch):
    monkeypatch.setattr(adapter, "BUSY_TIMEOUT_MS", 20)

    async def use(log):
        other = sqlite3.connect(tmp_path / "log", isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(LogUnavailable, match="locked"):
            await log.append([draft("x")])
        other.execute("ROLLBACK")
        other.close()
        assert (await log.append([draft("x")]))[0].comment.seq == 1

    with_log(tmp_path / "log", use)


def test_a_log_that_cannot_be_opened_says_why(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(LogUnavailable, match="cannot open the log"):
        SqliteLog(tmp_path / "file" / "log")
