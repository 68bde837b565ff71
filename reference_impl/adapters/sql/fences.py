"""Once in effect: what a worker has done is written down in the transaction that does it, under its holding's token.

A worker that was only slow comes with a lower token than its successor's, and is refused; one that repeats what was
done finds it written down. Source: Kleppmann, "How to do distributed locking", 2016.
"""

from collections.abc import Sequence

import sqlalchemy as sql
from sqlalchemy import Connection

from reference_impl.adapters.sql.dialects import insert
from reference_impl.adapters.sql.schema import fences
from reference_impl.working import Fenced, Hold, Piece

_ROW = sql.select(fences).where(fences.c.name == sql.bindparam("part")).with_for_update()


def new_pieces(connection: Connection, hold: Hold, pieces: Sequence[Piece]) -> list[Piece]:
    """Those that are not done yet, which counts as done with this transaction; Fenced: another one has the part."""
    name = f"{hold.queue}:{hold.part}"
    start = {"name": name, "token": 0, "last_ms": 0, "last_number": 0}
    connection.execute(insert(connection, fences).on_conflict_do_nothing(), start)
    row = connection.execute(_ROW, {"part": name}).mappings().one()
    if hold.token < row["token"]:
        raise Fenced(f"{name} is in the hands of another worker")
    new = [piece for piece in pieces if _place(piece) > (row["last_ms"], row["last_number"])]
    last_ms, last_number = max([(row["last_ms"], row["last_number"]), *map(_place, new)])
    done = {"token": hold.token, "last_ms": last_ms, "last_number": last_number}
    connection.execute(fences.update().where(fences.c.name == name).values(**done))
    return new


def _place(piece: Piece) -> tuple[int, int]:
    ms, _, number = piece.id.partition("-")
    return int(ms), int(number)
