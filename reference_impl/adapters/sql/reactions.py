"""`ReactionStore` in SQL: one row per user and emoji, and counts that follow exactly what was stored."""

from collections import Counter
from collections.abc import Collection, Sequence
from typing import Any

import sqlalchemy as sql
from sqlalchemy import Connection

from reference_impl.adapters.sql.database import Database
from reference_impl.adapters.sql.dialects import insert
from reference_impl.adapters.sql.fences import new_pieces
from reference_impl.adapters.sql.rows import padded
from reference_impl.adapters.sql.schema import events, reaction_counts, reactions, streams
from reference_impl.ports import Reaction
from reference_impl.protocol.events import EventKind
from reference_impl.working import Hold, Piece

Changes = dict[str, dict[tuple[str, str], int]]


class SqlReactions:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def store(self, reactions: Sequence[Reaction]) -> Changes:
        return await self._database.write(lambda connection: store(connection, reactions))

    async def store_once(self, hold: Hold, pieces: Sequence[Piece]) -> Changes:
        """Apply what pieces of work say, each of them once; Fenced: another worker has the part."""

        def work(connection: Connection) -> Changes:
            new = new_pieces(connection, hold, pieces)
            return store(connection, [Reaction(*each) for piece in new for each in piece.data])

        return await self._database.write(work)

    async def counts(self, stream: str, targets: Sequence[str]) -> dict[str, dict[str, int]]:
        return await self._database.read(lambda connection: counts_of(connection, stream, targets))


def counts_of(connection: Connection, stream: str, targets: Sequence[str]) -> dict[str, dict[str, int]]:
    """Counts by target and emoji, the most given first."""
    if not targets:
        return {}
    query = (
        sql.select(reaction_counts.c.target, reaction_counts.c.emoji, reaction_counts.c.count)
        .join(streams)
        .where(streams.c.name == stream, reaction_counts.c.target.in_(padded(list(targets))))
        .where(reaction_counts.c.count > 0)
        .order_by(reaction_counts.c.count.desc(), reaction_counts.c.emoji)
    )
    found: dict[str, dict[str, int]] = {}
    for target, emoji, count in connection.execute(query):
        found.setdefault(target, {})[emoji] = count
    return found


def store(connection: Connection, wanted: Sequence[Reaction], elsewhere: Collection[tuple[str, str]] = ()) -> Changes:
    """``elsewhere`` are comments of other partitions: (stream, id)."""
    names = padded(sorted({reaction.stream for reaction in wanted}))
    # The streams' row locks also order the processes that count.
    query = sql.select(streams.c.name, streams.c.id).where(streams.c.name.in_(names)).order_by(streams.c.name)
    ids = {row.name: row.id for row in connection.execute(query.with_for_update())}
    known = {(each, "") for each in ids.values()}
    known |= _known_targets(connection, {reaction.target for reaction in wanted} - {""})
    known |= {(ids[stream], comment) for stream, comment in elsewhere if stream in ids}
    changes: Changes = {name: Counter() for name in ids}
    for reaction in wanted:
        stream_id = ids.get(reaction.stream)
        if stream_id is not None and (stream_id, reaction.target) in known:
            changes[reaction.stream][reaction.target, reaction.emoji] += _change(connection, stream_id, reaction)
    for stream, changed in changes.items():
        for (target, emoji), change in sorted(changed.items()):
            if change:
                _count(connection, {"stream_id": ids[stream], "target": target, "emoji": emoji}, change)
    return changes


def _known_targets(connection: Connection, targets: set[str]) -> set[tuple[int, str]]:
    """The comments among the targets that are there: (stream, id)."""
    if not targets:
        return set()
    query = sql.select(events.c.stream_id, events.c.id).where(
        events.c.id.in_(padded(sorted(targets))), events.c.kind == EventKind.COMMENT, events.c.deleted == 0
    )
    return {(row.stream_id, row.id) for row in connection.execute(query)}


def _change(connection: Connection, stream_id: int, reaction: Reaction) -> int:
    """Store one reaction; the answer is by how much the count changes: 0 when it was so already."""
    row = {"stream_id": stream_id, "target": reaction.target, "emoji": reaction.emoji, "user": reaction.user}
    if reaction.given:
        return connection.execute(insert(connection, reactions).on_conflict_do_nothing(), row).rowcount
    where = [reactions.c[name] == value for name, value in row.items()]
    return -connection.execute(reactions.delete().where(*where)).rowcount


def _count(connection: Connection, key: dict[str, Any], change: int) -> None:
    counted = insert(connection, reaction_counts).values(**key, count=change)
    more = {"count": reaction_counts.c.count + change}
    connection.execute(counted.on_conflict_do_update(index_elements=list(key), set_=more))
