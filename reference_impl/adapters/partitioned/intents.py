"""Idempotency of a split log: a key's first request writes down which id its comment has and where it belongs.

That is durable before anything else happens. So a repeat, after a crash or in another process, comes to the same row,
and the unique id of a comment makes it one.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import sqlalchemy as sql
from sqlalchemy import Connection

from reference_impl.adapters.sql.commit import FIND, Key
from reference_impl.adapters.sql.dialects import insert
from reference_impl.adapters.sql.rows import COLUMNS, padded
from reference_impl.adapters.sql.schema import events, held, idempotency
from reference_impl.protocol.events import EventKind


class Intent(NamedTuple):
    key: Key
    partition: int
    comment: str


class Known(NamedTuple):
    """A comment that is there: its row, or None where it waits for a moderator."""

    row: Any


def claim(connection: Connection, bucket: int, wanted: Sequence[Intent]) -> dict[bytes, Intent]:
    """Write down the keys that are new; answer what stands for each."""
    found = find(connection, bucket, [each.key[0] for each in wanted])
    new = {each.key[0]: each for each in reversed(wanted) if each.key[0] not in found}  # of two the first
    if not new:
        return found
    rows = [
        {
            "bucket": bucket, "key": digest, "fingerprint": each.key[1], "seq": 0, "partition": each.partition,
            "comment": each.comment,
        }
        for digest, each in sorted(new.items())  # in one order everywhere, so that no two wait for each other
    ]  # fmt: skip
    connection.execute(insert(connection, idempotency).on_conflict_do_nothing(), rows)
    return find(connection, bucket, [each.key[0] for each in wanted])


def find(connection: Connection, bucket: int, digests: list[bytes]) -> dict[bytes, Intent]:
    wanted = {"earlier": bucket - 1, "now": bucket, "keys": padded(digests)}
    rows = connection.execute(FIND, wanted).mappings().all()
    return {row["key"]: Intent((row["key"], row["fingerprint"]), row["partition"], row["comment"]) for row in rows}


def known(connection: Connection, ids: list[str]) -> dict[str, Known]:
    """Which of these comments are in this partition."""
    query = sql.select(*COLUMNS).where(events.c.id.in_(padded(ids)), events.c.kind == EventKind.COMMENT)
    waiting = connection.scalars(sql.select(held.c.id).where(held.c.id.in_(padded(ids))))
    there = {each: Known(None) for each in waiting}
    return there | {row["id"]: Known(row) for row in connection.execute(query).mappings()}
