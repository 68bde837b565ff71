"""The tables. `migrations/` makes them; a test holds the two together."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    SmallInteger,
    Table,
    Text,
    text,
    true,
)

metadata = MetaData()

log = Table("log", metadata, Column("epoch", BigInteger, nullable=False))

streams = Table(
    "streams",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("name", Text, nullable=False, unique=True),
    Column("title", Text, nullable=False),
    Column("owner", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("settings", Text, nullable=False),  # JSON
    Column("pinned", Text),  # a comment's id
    Column("opened_at_ms", BigInteger, nullable=False),
    Column("head", BigInteger, nullable=False, server_default="0"),  # the highest seq; its row lock orders the writers
    Column("last_at_ms", BigInteger, nullable=False, server_default="0"),  # so that at_ms never goes back
    # Of a log split over partitions. A row that is not at home only gives the events of its partition their stream.
    Column("home", Boolean, nullable=False, server_default=true()),
    Column("closed", BigInteger, nullable=False, server_default="0"),  # every range up to here is known to be full
)

# Of partition 0: what must never change once the log is made.
layout = Table("layout", metadata, Column("partitions", Integer, nullable=False))

# At the stream's home: which ``seq`` have been given to another partition; every other one is at home.
ranges = Table(
    "ranges",
    metadata,
    Column("stream_id", Integer, ForeignKey("streams.id"), nullable=False),
    Column("first", BigInteger, nullable=False),
    Column("last", BigInteger, nullable=False),
    Column("partition", SmallInteger, nullable=False),
    Column("at_ms", BigInteger, nullable=False),  # of all its events
    Column("lease_until_ms", BigInteger, nullable=False),  # past it anybody fills what is empty with voids
    PrimaryKeyConstraint("stream_id", "first"),
    sqlite_with_rowid=False,
)

# Streams whose newest comments are, or have been, in Redis.
windows = Table(
    "windows",
    metadata,
    Column("stream_id", Integer, ForeignKey("streams.id"), nullable=False),
    Column("term", BigInteger, nullable=False),  # grows with every change of hands
    Column("open", Boolean, nullable=False),  # Redis gives out the stream's seq
    Column("epoch", BigInteger, nullable=False),  # in which it was opened
    PrimaryKeyConstraint("stream_id"),
    sqlite_with_rowid=False,
)

# How far each part of a queue has come, and under which holding: workers' effects are once.
fences = Table(
    "fences",
    metadata,
    Column("name", Text, primary_key=True),
    Column("token", BigInteger, nullable=False),
    Column("last_ms", BigInteger, nullable=False),
    Column("last_number", BigInteger, nullable=False),
    sqlite_with_rowid=False,
)

events = Table(
    "events",
    metadata,
    Column("stream_id", Integer, ForeignKey("streams.id"), nullable=False),
    Column("seq", BigInteger, nullable=False),
    Column("partition", SmallInteger, nullable=False),
    Column("kind", Text, nullable=False),
    Column("id", Text, nullable=False),
    Column("author", Text, nullable=False),
    Column("target", Text),  # the comment that is answered, edited, deleted or pinned
    Column("at_ms", BigInteger, nullable=False),
    Column("replies", Integer, nullable=False, server_default="0"),
    Column("deleted", SmallInteger, nullable=False, server_default="0"),
    Column("data", Text, nullable=False),  # JSON; of a comment its present state
    PrimaryKeyConstraint("stream_id", "seq"),
    sqlite_with_rowid=False,
)
# UUIDv7 grows with time, so this index grows at its end and stays cheap however long the log is.
Index("events_id", events.c.id, unique=True)
Index(
    "events_replies",
    events.c.target,
    events.c.seq,
    sqlite_where=text("target IS NOT NULL"),
    postgresql_where=text("target IS NOT NULL"),
)

# Keys live for one to two buckets of time, so the random inserts stay within a table whose size the rate bounds, not
# the length of the log. `key` is a digest of stream, author and key: short, and one B-tree page holds many.
idempotency = Table(
    "idempotency",
    metadata,
    Column("bucket", BigInteger, nullable=False),
    Column("key", LargeBinary(16), nullable=False),
    Column("fingerprint", LargeBinary(8), nullable=False),
    Column("seq", BigInteger, nullable=False),  # 0: the comment was held
    Column("held", Text),  # the held comment's id
    Column("partition", SmallInteger),  # of a split log: where the comment is to be found or made, and by which id
    Column("comment", Text),
    PrimaryKeyConstraint("bucket", "key"),
    sqlite_with_rowid=False,
)

held = Table(
    "held",
    metadata,
    Column("id", Text, primary_key=True),
    Column("stream_id", Integer, ForeignKey("streams.id"), nullable=False),
    Column("author", Text, nullable=False),
    Column("target", Text),
    Column("at_ms", BigInteger, nullable=False),
    Column("reason", Text, nullable=False),
    Column("data", Text, nullable=False),
)
Index("held_stream", held.c.stream_id, held.c.id)

bans = Table(
    "bans",
    metadata,
    Column("stream_id", Integer, ForeignKey("streams.id"), nullable=False),
    Column("user", Text, nullable=False),
    Column("until_ms", BigInteger),  # null: for good
    PrimaryKeyConstraint("stream_id", "user"),
    sqlite_with_rowid=False,
)

reports = Table(
    "reports",
    metadata,
    Column("id", Text, primary_key=True),
    Column("stream_id", Integer, ForeignKey("streams.id"), nullable=False),
    Column("comment", Text, nullable=False),
    Column("reporter", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("note", Text, nullable=False),
    Column("at_ms", BigInteger, nullable=False),
)
Index("reports_once", reports.c.comment, reports.c.reporter, unique=True)
Index("reports_stream", reports.c.stream_id, reports.c.id)

users = Table(
    "users",
    metadata,
    Column("id", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("avatar", Text),
    Column("badges", Text, nullable=False),  # JSON
    Column("reputation", Integer, nullable=False, server_default="0"),
    Column("version", Integer, nullable=False, server_default="1"),
    Column("spread", Integer, nullable=False, server_default="1"),  # the version that earlier comments show
)

reactions = Table(
    "reactions",
    metadata,
    Column("stream_id", Integer, ForeignKey("streams.id"), nullable=False),
    Column("target", Text, nullable=False),  # a comment's id, or empty for the stream itself
    Column("emoji", Text, nullable=False),
    Column("user", Text, nullable=False),
    PrimaryKeyConstraint("stream_id", "target", "emoji", "user"),
    sqlite_with_rowid=False,
)

reaction_counts = Table(
    "reaction_counts",
    metadata,
    Column("stream_id", Integer, ForeignKey("streams.id"), nullable=False),
    Column("target", Text, nullable=False),
    Column("emoji", Text, nullable=False),
    Column("count", BigInteger, nullable=False),
    PrimaryKeyConstraint("stream_id", "target", "emoji"),
    sqlite_with_rowid=False,
)

# A second of a stream (counted from its opening) whose comments have been changed since; the others have no row.
segment_changes = Table(
    "segment_changes",
    metadata,
    Column("stream_id", Integer, ForeignKey("streams.id"), nullable=False),
    Column("second", Integer, nullable=False),
    Column("changes", Integer, nullable=False),
    PrimaryKeyConstraint("stream_id", "second"),
    sqlite_with_rowid=False,
)
