"""`Directory` in SQL: streams and users; and the spreading of a changed profile over earlier comments."""

from typing import Any

import orjson
import sqlalchemy as sql
from sqlalchemy import Connection, RowMapping

from reference_impl.adapters.sql.database import Database
from reference_impl.adapters.sql.dialects import insert
from reference_impl.adapters.sql.schema import bans, events, streams, users
from reference_impl.adapters.sql.segments import count_changes
from reference_impl.ports import Spread
from reference_impl.protocol.events import EventKind, author_data
from reference_impl.protocol.streams import Profile, State, Stream, StreamSettings


class SqlDirectory:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def create(self, stream: Stream) -> bool:
        return await self._database.write(lambda connection: _create(connection, stream))

    async def stream(self, name: str) -> Stream | None:
        query = sql.select(streams).where(streams.c.name == name)
        row = await self._database.read(lambda connection: connection.execute(query).mappings().one_or_none())
        return None if row is None else _stream(row)

    async def streams(self, after: str, limit: int) -> list[Stream]:
        query = sql.select(streams).where(streams.c.name > after, streams.c.state != State.ARCHIVED, streams.c.home)
        query = query.order_by(streams.c.name).limit(limit)
        rows = await self._database.read(lambda connection: connection.execute(query).mappings().all())
        return [_stream(row) for row in rows]

    async def bans(self, stream: str) -> dict[str, int | None]:
        query = sql.select(bans.c.user, bans.c.until_ms).join(streams, streams.c.id == bans.c.stream_id)
        query = query.where(streams.c.name == stream)
        rows = await self._database.read(lambda connection: connection.execute(query).all())
        return {row.user: row.until_ms for row in rows}

    async def profile(self, user: str) -> Profile | None:
        query = sql.select(users).where(users.c.id == user)
        row = await self._database.read(lambda connection: connection.execute(query).mappings().one_or_none())
        return None if row is None else _profile(row)

    async def save(self, profile: Profile) -> None:
        await self._database.write(lambda connection: _save(connection, profile))


class SqlProfileSpread:
    """`ProfileSpread`: walks the streams in slices, so that no transaction is long."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def pending(self, limit: int) -> list[Spread]:
        query = sql.select(users).where(users.c.spread < users.c.version).limit(limit)
        rows = await self._database.read(lambda connection: connection.execute(query).mappings().all())
        return [Spread(_profile(row), row["version"]) for row in rows]

    async def spread(self, profile: Profile, stream: str, first: int, last: int) -> list[int]:
        return (await self._database.write(lambda connection: restyle(connection, profile, stream, first, last)))[0]

    async def done(self, spread: Spread) -> None:
        update = users.update().where(users.c.id == spread.profile.user).values(spread=spread.version)
        await self._database.write(lambda connection: connection.execute(update))


def _create(connection: Connection, stream: Stream) -> bool:
    row = {
        "name": stream.name, "title": stream.title, "owner": stream.owner, "state": str(stream.state),
        "settings": orjson.dumps(stream.settings.as_dict()).decode(), "opened_at_ms": stream.opened_at_ms,
    }  # fmt: skip
    return bool(connection.execute(insert(connection, streams).on_conflict_do_nothing(), row).rowcount)


def _save(connection: Connection, profile: Profile) -> None:
    row: dict[str, Any] = {
        "name": profile.name, "avatar": profile.avatar, "badges": orjson.dumps(profile.badges).decode(),
        "reputation": profile.reputation,
    }  # fmt: skip
    new = insert(connection, users).values(id=profile.user, spread=0, **row)
    changed = row | {"version": users.c.version + 1}
    connection.execute(new.on_conflict_do_update(index_elements=["id"], set_=changed))


def restyle(
    connection: Connection, profile: Profile, stream: str, first: int, last: int
) -> tuple[list[int], list[str]]:
    """The answer is which seconds show something else now, and which comments have changed."""
    # The stream's row first, as every commit does, so that the two cannot wait for each other.
    lock = sql.select(streams.c.id, streams.c.opened_at_ms).where(streams.c.name == stream).with_for_update()
    ours = connection.execute(lock).one_or_none()
    if ours is None:
        return [], []
    query = sql.select(events.c.id, events.c.data, events.c.at_ms).where(events.c.stream_id == ours.id)
    query = query.where(events.c.seq.between(first, last), events.c.deleted == 0)
    query = query.where(events.c.author == profile.user, events.c.kind == EventKind.COMMENT)
    profile = _newest(connection, profile)
    author = author_data(profile.user, profile.name, profile.avatar, profile.badges)
    found = connection.execute(query).all()
    rows = [
        {"comment": row.id, "new": orjson.dumps(orjson.loads(row.data) | {"author": author}).decode()} for row in found
    ]
    if not rows:
        return [], []
    update = events.update().where(events.c.id == sql.bindparam("comment")).values(data=sql.bindparam("new"))
    connection.execute(update, rows)
    seconds = count_changes(connection, ours.id, ours.opened_at_ms, {row.id: row.at_ms for row in found})
    return seconds, [row.id for row in found]


def _newest(connection: Connection, profile: Profile) -> Profile:
    """The profile as it is behind the stream's lock, where users are here: one who was slow writes no earlier one."""
    row = connection.execute(sql.select(users).where(users.c.id == profile.user)).mappings().one_or_none()
    return profile if row is None else _profile(row)


def _stream(row: RowMapping) -> Stream:
    return Stream(
        name=row["name"], title=row["title"], owner=row["owner"], state=State(row["state"]), head=row["head"],
        settings=StreamSettings.of(orjson.loads(row["settings"])), opened_at_ms=row["opened_at_ms"],
        pinned=row["pinned"],
    )  # fmt: skip


def _profile(row: RowMapping) -> Profile:
    badges = tuple(orjson.loads(row["badges"]))
    return Profile(user=row["id"], name=row["name"], avatar=row["avatar"], badges=badges, reputation=row["reputation"])
