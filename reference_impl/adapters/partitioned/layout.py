"""The partitions of a log: a whole database each. How many there are is fixed when the log is made."""

import asyncio
from collections.abc import Awaitable, Iterable, Sequence
from typing import TypeVar

import sqlalchemy as sql
from sqlalchemy import Connection

from reference_impl.adapters.sql.database import Database, Work
from reference_impl.adapters.sql.schema import layout
from reference_impl.policy.partitioning import home, require_partitions
from reference_impl.ports import LogUnavailable

R = TypeVar("R")


class Partitions:
    """Databases by number; number 0 also holds what belongs to no stream."""

    def __init__(self, databases: Sequence[Database]) -> None:
        require_partitions(len(databases))
        self._databases = list(databases)

    def __len__(self) -> int:
        return len(self._databases)

    def __getitem__(self, number: int) -> Database:
        return self._databases[number]

    def home(self, stream: str) -> int:
        return home(stream, len(self._databases))

    def at_home(self, stream: str) -> Database:
        return self._databases[self.home(stream)]

    async def read_all(self, work: Work[R]) -> list[R]:
        """Ask every partition, all at once; the answers are in their order."""
        return await together(database.read(work) for database in self._databases)

    async def close(self) -> None:
        for database in self._databases:
            await database.close()


async def together(tasks: Iterable[Awaitable[R]]) -> list[R]:
    """All answers, or the first error, but never while one of them still runs."""
    answers = await asyncio.gather(*tasks, return_exceptions=True)
    for answer in answers:
        if isinstance(answer, BaseException):
            raise answer
    return [answer for answer in answers if not isinstance(answer, BaseException)]


async def agree(first: Database, partitions: int | None) -> int:
    """Answer how many partitions the log has; a new one gets that many, one for None.

    LogUnavailable when it was made with another number.
    """
    made = await first.write(lambda connection: _agree(connection, partitions or 1))
    if partitions is not None and made != partitions:
        raise LogUnavailable(
            f"the log was made with partitions={made} and cannot be opened with partitions={partitions}; "
            "the number is fixed when a log is made"
        )
    return made


def made_with(connection: Connection) -> int | None:
    """How many partitions the log has, None for one that has not been opened yet."""
    return connection.scalar(sql.select(layout.c.partitions))


def _agree(connection: Connection, partitions: int) -> int:
    if connection.dialect.name == "postgresql":  # two processes that begin at once must agree
        connection.execute(sql.text("LOCK TABLE layout IN EXCLUSIVE MODE"))
    made = made_with(connection)
    if made is None:
        connection.execute(layout.insert().values(partitions=partitions))
    return made or partitions
