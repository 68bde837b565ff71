"""Where the engines differ, or where SQLAlchemy's general way costs more than the statement itself."""

from collections.abc import Sequence
from functools import lru_cache
from itertools import chain
from typing import Any

from sqlalchemy import Connection, Dialect, Table
from sqlalchemy.dialects import postgresql, sqlite

ROWS_MAX = 32  # in one statement of SQLite


def insert(connection: Connection, table: Table) -> sqlite.Insert | postgresql.Insert:
    """An insert that knows ``ON CONFLICT``."""
    if connection.dialect.name == "postgresql":
        return postgresql.insert(table)
    return sqlite.insert(table)


def insert_rows(connection: Connection, table: Table, columns: Sequence[str], rows: list[tuple[Any, ...]]) -> None:
    """Insert plain values, in the order of ``columns``; rows of dictionaries would cost twice as much.

    SQLite gets many rows in one statement: its Python driver lets go of the interpreter around each statement, and must
    wait for it again behind a busy event loop.
    """
    if connection.dialect.name == "postgresql":
        if rows:
            connection.exec_driver_sql(_insert_text(connection.dialect, table, tuple(columns)), rows)
        return
    start = 0
    while start < len(rows):
        count = min(ROWS_MAX, 1 << (len(rows) - start).bit_length() - 1)  # few sizes, so that statements stay prepared
        values = tuple(chain.from_iterable(rows[start : start + count]))
        connection.exec_driver_sql(_many_text(table.name, tuple(columns), count), values)
        start += count


@lru_cache(maxsize=16)
def _insert_text(dialect: Dialect, table: Table, columns: tuple[str, ...]) -> str:
    compiled = table.insert().compile(dialect=dialect, column_keys=list(columns))
    assert tuple(compiled.positiontup or ()) == columns
    return str(compiled)


@lru_cache(maxsize=64)
def _many_text(table: str, columns: tuple[str, ...], count: int) -> str:
    row = f"({', '.join('?' * len(columns))})"
    names = ", ".join(f'"{column}"' for column in columns)
    return f"INSERT INTO {table} ({names}) VALUES {', '.join([row] * count)}"
