"""What servers queue for the archive, and what workers make of it."""

import asyncio
import logging
from functools import partial

import pytest

from reference_impl import archive_work
from reference_impl.archive_work import ARCHIVE, WANTED_MAX, ArchiveWork, QueuedArchive
from reference_impl.background import end
from reference_impl.ports import LogUnavailable
from reference_impl.working import Hold, Piece
from simulation.engines.ports import free_port

HOLD = Hold(ARCHIVE, 0, 1, "w")


@pytest.fixture
def queue_of(queue_of):
    return partial(queue_of, name=ARCHIVE, parts=1)


def said(caplog):
    """By what is tested here alone, whatever others have made of the root logger's level."""
    return [record for record in caplog.records if record.name == archive_work.__name__]


async def queued(queue):
    hold = await queue.hold("w", 0, None)
    return [piece.data for piece in await queue.take(hold, 100)]


def test_a_stream_is_queued_once_a_round_however_much_is_placed_in_it(queue_of):
    async def work(queue):
        archive = QueuedArchive(queue)
        for _ in range(100):
            archive.placed("a")
            archive.placed("b")
        await archive.round()
        archive.placed("a")
        await archive.round()
        assert await queued(queue) == ["a", "b", "a"]

    queue_of(work)


def test_what_is_placed_is_queued_soon(queue_of):
    async def work(queue):
        archive = QueuedArchive(queue)
        running = asyncio.create_task(archive.run())
        archive.placed("a")
        async with asyncio.timeout(60):
            while not (await queue.backlog()).depth:  # noqa: ASYNC110 - nothing tells
                await asyncio.sleep(0.01)
        await end([running])

    queue_of(work)


def test_a_full_queue_is_no_trouble_for_who_places(queue_of, caplog):
    async def work(queue):
        archive = QueuedArchive(queue)
        for stream in ("a", "b", "c"):
            archive.placed(stream)
            await archive.round()
        assert await queued(queue) == ["a"]

    queue_of(work, pieces_max=1)
    assert len(said(caplog)) == 1, "it is said once"


def test_nor_is_a_redis_that_is_away(queue_of, caplog):
    async def work(queue):
        archive = QueuedArchive(queue)
        archive.placed("a")
        await archive.round()

    queue_of(work, url=f"redis://127.0.0.1:{free_port()}")
    assert "left to the sweep" in caplog.text


def test_what_waits_to_be_queued_is_bounded(queue_of):
    async def work(queue):
        archive = QueuedArchive(queue)
        for number in range(WANTED_MAX + 10):
            archive.placed(f"s{number}")
        await archive.round()
        assert (await queue.backlog()).depth == WANTED_MAX

    queue_of(work, pieces_max=2 * WANTED_MAX)


class Archives:
    """Archives everything but the streams named."""

    def __init__(self, *failing: str) -> None:
        self._failing = failing
        self.asked: list[list[str]] = []

    async def advance_all(self, streams):
        self.asked.append(streams)
        failed = {stream: LogUnavailable("away") for stream in streams if stream in self._failing}
        return dict.fromkeys(set(streams) - set(failed), 1), failed


def handle(archives, *streams):
    pieces = [Piece(f"1-{number}", stream) for number, stream in enumerate(streams)]
    asyncio.run(ArchiveWork(archives).handle(HOLD, pieces))


def test_a_worker_archives_each_stream_of_its_pieces_once():
    archives = Archives()
    handle(archives, "a", "b", "a", "a")
    assert archives.asked == [["a", "b"]]


def test_a_stream_that_cannot_be_archived_does_not_keep_the_others_waiting(caplog):
    handle(Archives("b"), "a", "b")
    assert [record.levelno for record in said(caplog)] == [logging.WARNING]


def test_when_nothing_can_be_archived_the_pieces_wait():
    with pytest.raises(LogUnavailable):
        handle(Archives("a", "b"), "a", "b")
