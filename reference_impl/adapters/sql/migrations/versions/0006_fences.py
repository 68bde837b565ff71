"""How far each part of a queue has come, and under which holding."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    op.create_table(
        "fences",
        sa.Column("name", sa.Text(), nullable=False),
        *(sa.Column(name, sa.BigInteger(), nullable=False) for name in ("token", "last_ms", "last_number")),
        sa.PrimaryKeyConstraint("name"),
        sqlite_with_rowid=False,
    )
