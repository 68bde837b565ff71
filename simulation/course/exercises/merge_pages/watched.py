"""The live run: the answer reads a real server's own partitions, while comments are posted, beside its history."""

import asyncio
import sqlite3
from collections.abc import Sequence
from contextlib import ExitStack, closing
from pathlib import Path
from tempfile import TemporaryDirectory
from types import ModuleType
from typing import TYPE_CHECKING, Any

from reference_impl.policy.partitioning import home
from simulation.course.chat import gateway, post_all
from simulation.course.exercise import Misconception
from simulation.course.exercises.merge_pages import Comment, Range

if TYPE_CHECKING:
    from simulation.course.live import Stage

STREAM = "final"
PARTITIONS = 4
POSTS = 200
LIMIT = 23  # of a page
_FROM = "FROM events JOIN streams ON streams.id = stream_id WHERE name = ?"


class Stored:
    """A partition of a real log, as the answer is shown it."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def read(self, first: int, last: int, limit: int) -> list[Comment]:
        query = (
            f"SELECT seq, at_ms, data {_FROM} AND kind = 'comment' AND deleted = 0 AND seq BETWEEN ? AND ? "
            "ORDER BY seq LIMIT ?"
        )
        return [Comment(*row) for row in self._connection.execute(query, (STREAM, first, last, limit))]

    def ranges(self) -> tuple[int, list[tuple[int, int, int]]]:
        """Of the stream's home: the head, and which places are elsewhere, both of one moment."""
        query = "SELECT head, first, last, partition FROM streams LEFT JOIN ranges ON streams.id = stream_id"
        rows = self._connection.execute(f"{query} WHERE name = ? AND home ORDER BY first", (STREAM,)).fetchall()
        return (rows[0][0] if rows else 0), [row[1:] for row in rows if row[1] is not None]

    def has(self, seq: int) -> bool:
        return bool(self._connection.execute(f"SELECT 1 {_FROM} AND seq = ?", (STREAM, seq)).fetchone())


async def run(answer: ModuleType, stage: "Stage") -> str:
    with TemporaryDirectory(prefix="livecomments-pages-") as folder:
        options = ("--partitions", str(PARTITIONS), "--partitioning", "by_comment", "--data", folder)
        async with stage.server(*options) as url, gateway(url) as client:
            await client.head(STREAM)
            texts = (f"Number {each}, what a goal!" for each in range(POSTS))
            posts = asyncio.create_task(post_all(client, ((STREAM, text) for text in texts)))
            read, pages = await _paged(answer, Path(folder), posts)
            posted = sorted(each["seq"] for each in await posts)
            served = [each.data["seq"] async for each in client.history(STREAM)]
    if read != served or served != posted:
        raise Misconception(
            f"beside a real server to which {len(posted)} comments were posted, your pages had {len(read)} comments, "
            f"{len(set(posted) - set(read))} missing and {len(read) - len(set(read))} twice; its history over HTTP has "
            f"{len(served)}."
        )
    return f"{len(read)} comments of {PARTITIONS} partitions in {pages} pages while they were posted, as its history"


async def _paged(answer: ModuleType, folder: Path, posts: "asyncio.Task[Any]") -> tuple[list[int], int]:
    """Page after page for as long as comments are posted, and to the end then; answer them, and how many pages."""
    read, pages, cursor = list[int](), 0, 0
    files = ["comments.sqlite", *(f"comments-{number}.sqlite" for number in range(1, PARTITIONS))]
    with ExitStack() as stack:
        stored = [Stored(stack.enter_context(closing(sqlite3.connect(folder / name)))) for name in files]
        while True:
            last = posts.done()
            found, after = answer.page(_ranges(stored), stored, cursor, LIMIT)
            read += [each.seq for each in found]
            pages += bool(found)
            if last and after <= cursor:
                return read, pages
            cursor = after
            await asyncio.sleep(0.01)


def _ranges(stored: Sequence[Stored]) -> list[Range]:
    """All places that have been given out; those at home are full, since they are stored together with the head."""
    at_home = home(STREAM, len(stored))
    head, away = stored[at_home].ranges()
    found, before = list[Range](), 0
    for first, last, partition in away:
        if first > before + 1:
            found.append(Range(before + 1, first - 1, at_home, True))
        found.append(Range(first, last, partition, stored[partition].has(first)))
        before = last
    return [*found, Range(before + 1, head, at_home, True)] if head > before else found
