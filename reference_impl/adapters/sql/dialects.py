"""Where the engines differ, or where SQLAlchemy's general way costs more than the statement itself."""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from sqlalchemy import Connection, Dialect, Table
from sqlalchemy.dialects import postgresql, sqlite


def insert(connection: Connection, table: Table) -> sqlite.Insert | postgresql.Insert:
    """An insert that knows ``ON CONFLICT``."""
    if connection.dialect.name == "postgresql":
        return postgresql.insert(table)
    return sqlite.insert(table)


def insert_rows(connection: Connection, table: Table, columns: Sequence[str], rows: list[tuple[Any, ...]]) -> None:
    """Insert plain values, in the order of ``columns``; rows of dictionaries would cost twice as much."""
    if rows:
        connection.exec_driver_sql(_insert_text(connection.dialect, table, tuple(columns)), rows)


@lru_cache(maxsize=16)
def _insert_text(dialect: Dialect, table: Table, columns: tuple[str, ...]) -> str:
    compiled = table.insert().compile(dialect=dialect, column_keys=list(columns))
    assert tuple(compiled.positiontup or ()) == columns
    return str(compiled)
