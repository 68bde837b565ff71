"""What an engine does without a server in front: the same rows in plain batches, to measure the server against.

One table with the key (stream, seq), a durable commit for every batch, nothing else: no idempotency, no second index.
"""

import asyncio
import sqlite3
import time
from pathlib import Path
from typing import Any

import asyncpg

BATCH = 500
BODY = '{"author":{"id":"u1234","name":"u1234","avatar":null,"badges":[]},"text":"What a goal! 123456789"}'
COLUMNS = "stream_id, seq, kind, id, author, at_ms, data"
TABLE = (
    "CREATE TABLE bare (stream_id INTEGER, seq BIGINT, kind TEXT, id TEXT, author TEXT, at_ms BIGINT, data TEXT, "
    "PRIMARY KEY (stream_id, seq))"
)


def rows(first: int) -> list[tuple[Any, ...]]:
    return [(1, seq, "comment", f"{seq:036d}", "u1234", seq, BODY) for seq in range(first, first + BATCH)]


def sqlite_rows_per_s(folder: Path, seconds: float) -> float:
    connection = sqlite3.connect(folder / "bare.sqlite", isolation_level=None)
    try:
        for statement in ("PRAGMA journal_mode = WAL", "PRAGMA synchronous = FULL", f"{TABLE} WITHOUT ROWID"):
            connection.execute(statement)
        stored, start_s = 0, time.monotonic()
        while time.monotonic() - start_s < seconds:
            connection.execute("BEGIN IMMEDIATE")
            connection.executemany(f"INSERT INTO bare ({COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?)", rows(stored))
            connection.execute("COMMIT")
            stored += BATCH
        return stored / (time.monotonic() - start_s)
    finally:
        connection.close()


async def postgres_rows_per_s(url: str, seconds: float) -> float:
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(TABLE)
        stored, start_s = 0, time.monotonic()
        while time.monotonic() - start_s < seconds:
            async with connection.transaction():
                insert = f"INSERT INTO bare ({COLUMNS}) VALUES ($1, $2, $3, $4, $5, $6, $7)"
                await connection.executemany(insert, rows(stored))
            stored += BATCH
        return stored / (time.monotonic() - start_s)
    finally:
        await connection.execute("DROP TABLE bare")
        await connection.close()


async def rows_per_s(log: str, folder: Path, seconds: float) -> float:
    if log.startswith("postgresql:"):
        return await postgres_rows_per_s(log, seconds)
    return await asyncio.to_thread(sqlite_rows_per_s, folder, seconds)
