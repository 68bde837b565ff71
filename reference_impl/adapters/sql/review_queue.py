"""`ReviewQueue` in SQL: held comments and reports."""

import orjson
import sqlalchemy as sql
from sqlalchemy import Connection, RowMapping

from reference_impl.adapters.sql.database import Database
from reference_impl.adapters.sql.dialects import insert
from reference_impl.adapters.sql.rows import stream_number
from reference_impl.adapters.sql.schema import held, reports, streams
from reference_impl.ports import HeldComment, Report


class SqlReviewQueue:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def held(self, stream: str, after: str, limit: int) -> list[HeldComment]:
        query = sql.select(held).join(streams).where(streams.c.name == stream, held.c.id > after)
        query = query.order_by(held.c.id).limit(limit)
        rows = await self._database.read(lambda connection: connection.execute(query).mappings().all())
        return [_held(stream, row) for row in rows]

    async def held_comment(self, stream: str, comment: str) -> HeldComment | None:
        query = sql.select(held).join(streams).where(streams.c.name == stream, held.c.id == comment)
        row = await self._database.read(lambda connection: connection.execute(query).mappings().one_or_none())
        return None if row is None else _held(stream, row)

    async def drop_held(self, stream: str, comment: str) -> bool:
        delete = held.delete().where(held.c.id == comment, held.c.stream_id == stream_number(stream))
        return bool(await self._database.write(lambda connection: connection.execute(delete).rowcount))

    async def report(self, report: Report) -> bool:
        return await self._database.write(lambda connection: _report(connection, report))

    async def reports(self, stream: str, after: str, limit: int) -> list[Report]:
        query = sql.select(reports).join(streams).where(streams.c.name == stream, reports.c.id > after)
        query = query.order_by(reports.c.id).limit(limit)
        rows = await self._database.read(lambda connection: connection.execute(query).mappings().all())
        return [_a_report(stream, row) for row in rows]


def _report(connection: Connection, report: Report) -> bool:
    stream_id = connection.scalar(sql.select(streams.c.id).where(streams.c.name == report.stream))
    row = {
        "id": report.id, "stream_id": stream_id, "comment": report.comment, "reporter": report.reporter,
        "reason": report.reason, "note": report.note, "at_ms": report.at_ms,
    }  # fmt: skip
    return bool(connection.execute(insert(connection, reports).on_conflict_do_nothing(), row).rowcount)


def _a_report(stream: str, row: RowMapping) -> Report:
    return Report(
        id=row["id"], stream=stream, comment=row["comment"], reporter=row["reporter"], reason=row["reason"],
        note=row["note"], at_ms=row["at_ms"],
    )  # fmt: skip


def _held(stream: str, row: RowMapping) -> HeldComment:
    return HeldComment(
        id=row["id"], stream=stream, author=row["author"], created_at_ms=row["at_ms"], reason=row["reason"],
        data=orjson.loads(row["data"]), target=row["target"],
    )  # fmt: skip
