"""`CommentLog` in SQL: one transaction a commit, with everything that the commit's events bring about."""

import time
from collections.abc import Sequence

import sqlalchemy as sql
from sqlalchemy import Connection

from reference_impl.adapters.sql.commit import Commit, bucket_of, forget_keys
from reference_impl.adapters.sql.database import Database
from reference_impl.adapters.sql.rows import COLUMNS, padded, render, stream_number
from reference_impl.adapters.sql.schema import events, log, streams
from reference_impl.ports import Answer
from reference_impl.protocol.events import Draft, Event

_READ = (
    sql.select(*COLUMNS)
    .where(events.c.stream_id == stream_number(sql.bindparam("stream")))
    .where(events.c.seq.between(sql.bindparam("first"), sql.bindparam("last")))
    .order_by(events.c.seq)
)
_HEADS = sql.select(streams.c.name, streams.c.head).where(streams.c.name.in_(sql.bindparam("names", expanding=True)))


class SqlLog:
    """Open it with `begin`; the tables must be there."""

    def __init__(self, database: Database, epoch: int) -> None:
        self._database = database
        self.epoch = epoch
        self._tidy_bucket = -1  # the bucket of time in which all expired keys are known to be gone

    @classmethod
    async def begin(cls, database: Database) -> "SqlLog":
        """Read the log's epoch, or begin the first one."""
        return cls(database, await database.write(begin_epoch))

    async def append(self, drafts: Sequence[Draft]) -> list[Answer]:
        return await self._database.write(lambda connection: self._append(connection, drafts))

    async def read(self, stream: str, *, first: int, last: int) -> list[Event]:
        wanted = {"stream": stream, "first": first, "last": last}
        return await self._database.read(
            lambda connection: render(
                connection, stream, self.epoch, connection.execute(_READ, wanted).mappings().all()
            )
        )

    async def replay(self, draft: Draft) -> Answer | None:
        bucket = bucket_of(time.time())
        found = await self._database.read(lambda connection: Commit(connection, self.epoch, bucket).replays([draft]))
        return found[0]

    async def heads(self, names: Sequence[str]) -> dict[str, int]:
        if not names:
            return {}
        wanted = {"names": padded(list(names))}
        found = await self._database.read(lambda connection: connection.execute(_HEADS, wanted).all())
        return dict.fromkeys(names, 0) | {row.name: row.head for row in found}

    async def close(self) -> None:
        await self._database.close()

    def _append(self, connection: Connection, drafts: Sequence[Draft]) -> list[Answer]:
        bucket = bucket_of(time.time())
        answers = Commit(connection, self.epoch, bucket).append(drafts)
        if self._tidy_bucket != bucket and forget_keys(connection, bucket):
            self._tidy_bucket = bucket
        return answers


def begin_epoch(connection: Connection) -> int:
    if connection.dialect.name == "postgresql":  # two processes that begin at once must agree
        connection.execute(sql.text("LOCK TABLE log IN EXCLUSIVE MODE"))
    epoch = connection.scalar(sql.select(log.c.epoch))
    if epoch is None:
        epoch = int(time.time())
        connection.execute(log.insert().values(epoch=epoch))
    return int(epoch)
