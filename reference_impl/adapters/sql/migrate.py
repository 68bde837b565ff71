"""Brings the tables to this version, or says that they are not.

The embedded SQLite file is brought up to date whenever it is opened. A PostgreSQL database belongs to its operators:
the server only looks, and refuses to start until `livecomments migrate` has been run.
"""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text

from reference_impl.adapters.sql.database import Database
from reference_impl.ports import LogUnavailable

_LOCK = 0x6C697665  # PostgreSQL's advisory lock for migrations


async def upgrade(database: Database) -> tuple[str | None, str]:
    """Run what is missing, in one transaction; the answer is the revision before and after."""
    return await database.write(_upgrade)


async def check(database: Database) -> None:
    """LogUnavailable says that the tables are not of this version."""
    found, wanted = await database.read(_revision), ScriptDirectory.from_config(_config()).get_current_head()
    if found != wanted:
        raise LogUnavailable(
            f"the database has revision {found or 'none'} of the tables, this version needs {wanted}; "
            "run 'livecomments migrate' with the same --log and --partitions"
        )


def _upgrade(connection: Connection) -> tuple[str | None, str]:
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
    before = _revision(connection)
    config = _config()
    wanted = str(ScriptDirectory.from_config(config).get_current_head())
    if before != wanted:
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
    return before, wanted


def _revision(connection: Connection) -> str | None:
    return MigrationContext.configure(connection).get_current_revision()


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations").replace("%", "%%"))
    return config
