"""The event log, and what goes with it; comments of a log from before it are taken over."""

import json

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    old = set(sa.inspect(op.get_bind()).get_table_names()) & {"comments", "idempotency"}
    for table in old:
        op.rename_table(table, f"old_{table}")
    _make_tables(with_log=not old)
    if "comments" in old:
        _take_over()
    for table in old:
        op.drop_table(f"old_{table}")


def _make_tables(*, with_log: bool) -> None:
    big, text, number = sa.BigInteger(), sa.Text(), sa.Integer()
    if with_log:
        op.create_table("log", sa.Column("epoch", big, nullable=False))
    op.create_table(
        "streams",
        sa.Column("id", number, primary_key=True, autoincrement=True),
        *(sa.Column(name, text, nullable=False) for name in ("name", "title", "owner", "state", "settings")),
        sa.Column("pinned", text),
        sa.Column("opened_at_ms", big, nullable=False),
        sa.Column("head", big, nullable=False, server_default="0"),
        sa.Column("last_at_ms", big, nullable=False, server_default="0"),
        sa.UniqueConstraint("name"),
    )
    op.create_table(
        "events",
        _stream_id(),
        sa.Column("seq", big, nullable=False),
        sa.Column("partition", sa.SmallInteger(), nullable=False),
        *(sa.Column(name, text, nullable=False) for name in ("kind", "id", "author")),
        sa.Column("target", text),
        sa.Column("at_ms", big, nullable=False),
        sa.Column("replies", number, nullable=False, server_default="0"),
        sa.Column("deleted", sa.SmallInteger(), nullable=False, server_default="0"),
        sa.Column("data", text, nullable=False),
        sa.PrimaryKeyConstraint("stream_id", "seq"),
        sqlite_with_rowid=False,
    )
    op.create_index("events_id", "events", ["id"], unique=True)
    answered = sa.text("target IS NOT NULL")
    op.create_index("events_replies", "events", ["target", "seq"], sqlite_where=answered, postgresql_where=answered)
    op.create_table(
        "idempotency",
        sa.Column("bucket", big, nullable=False),
        sa.Column("key", sa.LargeBinary(16), nullable=False),
        sa.Column("fingerprint", sa.LargeBinary(8), nullable=False),
        sa.Column("seq", big, nullable=False),
        sa.Column("held", text),
        sa.PrimaryKeyConstraint("bucket", "key"),
        sqlite_with_rowid=False,
    )
    _make_tables_for_moderators(big, text)
    _make_tables_of_users(big, text, number)


def _make_tables_for_moderators(big: sa.BigInteger, text: sa.Text) -> None:
    op.create_table(
        "held",
        sa.Column("id", text, primary_key=True),
        _stream_id(),
        sa.Column("author", text, nullable=False),
        sa.Column("target", text),
        sa.Column("at_ms", big, nullable=False),
        *(sa.Column(name, text, nullable=False) for name in ("reason", "data")),
    )
    op.create_index("held_stream", "held", ["stream_id", "id"])
    op.create_table(
        "reports",
        sa.Column("id", text, primary_key=True),
        _stream_id(),
        *(sa.Column(name, text, nullable=False) for name in ("comment", "reporter", "reason", "note")),
        sa.Column("at_ms", big, nullable=False),
    )
    op.create_index("reports_once", "reports", ["comment", "reporter"], unique=True)
    op.create_index("reports_stream", "reports", ["stream_id", "id"])


def _make_tables_of_users(big: sa.BigInteger, text: sa.Text, number: sa.Integer) -> None:
    op.create_table(
        "users",
        sa.Column("id", text, primary_key=True),
        sa.Column("name", text, nullable=False),
        sa.Column("avatar", text),
        sa.Column("badges", text, nullable=False),
        sa.Column("reputation", number, nullable=False, server_default="0"),
        sa.Column("version", number, nullable=False, server_default="1"),
        sa.Column("spread", number, nullable=False, server_default="1"),
    )
    op.create_table(
        "reactions",
        _stream_id(),
        *(sa.Column(name, text, nullable=False) for name in ("target", "emoji", "user")),
        sa.PrimaryKeyConstraint("stream_id", "target", "emoji", "user"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "reaction_counts",
        _stream_id(),
        *(sa.Column(name, text, nullable=False) for name in ("target", "emoji")),
        sa.Column("count", big, nullable=False),
        sa.PrimaryKeyConstraint("stream_id", "target", "emoji"),
        sqlite_with_rowid=False,
    )


def _stream_id() -> sa.Column[int]:
    return sa.Column("stream_id", sa.Integer(), sa.ForeignKey("streams.id"), nullable=False)


def _take_over() -> None:
    """SQLite only: no other engine had the old tables."""
    connection = op.get_bind()
    connection.exec_driver_sql(
        "INSERT INTO streams (name, title, owner, state, settings, opened_at_ms, head, last_at_ms) "
        "SELECT stream, stream, '', 'open', '{}', min(created_at_ms), max(seq), max(created_at_ms) "
        "FROM old_comments GROUP BY stream"
    )
    connection.connection.driver_connection.create_function("comment_data", 2, _data)  # type: ignore[union-attr]
    connection.exec_driver_sql(
        "INSERT INTO events (stream_id, seq, partition, kind, id, author, at_ms, data) "
        "SELECT streams.id, seq, 0, 'comment', old_comments.id, author, created_at_ms, comment_data(author, text) "
        "FROM old_comments JOIN streams ON streams.name = stream"
    )


def _data(author: str, text: str) -> str:
    who: dict[str, object] = {"id": author, "name": author, "avatar": None, "badges": []}
    return json.dumps({"author": who, "text": text})
