"""From a log's address to its databases: one, or one for each partition."""

from pathlib import Path

import sqlalchemy as sql
from sqlalchemy import Connection

from reference_impl.adapters.sql.database import CONNECTIONS_MAX, Database, PostgresDatabase, SqliteDatabase

CONNECTIONS_MIN = 2  # of a partition in PostgreSQL


def connect(url: str, number: int = 0, partitions: int = 1) -> Database:
    """A partition's database: a file beside the first one, or a schema of its own."""
    if url.startswith("sqlite:"):
        path = Path(url.removeprefix("sqlite:///"))
        return SqliteDatabase(path.with_stem(f"{path.stem}-{number}") if number else path)
    connections = max(CONNECTIONS_MIN, CONNECTIONS_MAX // partitions)
    return PostgresDatabase(url, schema_of(number), connections)


def schema_of(number: int) -> str | None:
    """None is the schema that a whole log has too."""
    return f"partition_{number}" if number else None


async def make_schemas(first: Database, partitions: int) -> None:
    """Make the schemas of the other partitions, where an engine has schemas."""
    if isinstance(first, PostgresDatabase):
        await first.write(lambda connection: _make_schemas(connection, partitions))


def _make_schemas(connection: Connection, partitions: int) -> None:
    for number in range(1, partitions):
        connection.execute(sql.schema.CreateSchema(str(schema_of(number)), if_not_exists=True))
