"""A log split over partitions: how many, which ranges of a stream are away from its home, what a key is pinned to."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    big, small = sa.BigInteger(), sa.SmallInteger()
    op.add_column("streams", sa.Column("home", sa.Boolean(), nullable=False, server_default=sa.true()))
    op.add_column("streams", sa.Column("closed", big, nullable=False, server_default="0"))
    op.add_column("idempotency", sa.Column("partition", small))
    op.add_column("idempotency", sa.Column("comment", sa.Text()))
    op.create_table("layout", sa.Column("partitions", sa.Integer(), nullable=False))
    op.execute("INSERT INTO layout SELECT 1 FROM log LIMIT 1")  # a log that has begun is in one piece
    op.create_table(
        "ranges",
        sa.Column("stream_id", sa.Integer(), sa.ForeignKey("streams.id"), nullable=False),
        *(sa.Column(name, big, nullable=False) for name in ("first", "last")),
        sa.Column("partition", small, nullable=False),
        *(sa.Column(name, big, nullable=False) for name in ("at_ms", "lease_until_ms")),
        sa.PrimaryKeyConstraint("stream_id", "first"),
        sqlite_with_rowid=False,
    )
