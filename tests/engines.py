"""Real engines for tests: started here where their programs are installed, else the test skips and says how."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from simulation.engines.postgres import Postgres, postgres_programs

POSTGRES_URL = os.environ.get("LIVECOMMENTS_TEST_POSTGRES_URL")
MISSING = "no PostgreSQL: install it (apt-get install postgresql), or name one in LIVECOMMENTS_TEST_POSTGRES_URL"


@contextmanager
def private_postgres(*, sync: bool = True) -> Iterator[Postgres]:
    """A running cluster that nobody else uses; without ``sync`` it survives no power cut, and makes databases fast."""
    programs = postgres_programs()
    if programs is None:
        pytest.skip(MISSING)
    with tempfile.TemporaryDirectory(prefix="livecomments-postgres-") as name:
        cluster = Postgres(programs, Path(name))
        if not sync:
            with (Path(name) / "data" / "postgresql.conf").open("a") as settings:
                settings.write("fsync = off\n")
        cluster.start()
        try:
            yield cluster
        finally:
            cluster.stop()


@contextmanager
def any_postgres() -> Iterator[str]:
    """The address of the cluster named in the environment, else of a private one."""
    if POSTGRES_URL:
        yield POSTGRES_URL
        return
    with private_postgres(sync=False) as cluster:
        yield cluster.url
