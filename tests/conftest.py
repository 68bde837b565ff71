"""Settings and engines for all tests."""

import asyncio
import itertools
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import pytest
import sqlalchemy
from hypothesis import HealthCheck, settings

from tests.engines import any_postgres
from tests.patience import PATIENT
from tests.redises import any_redis
from tests.sites import any_site

# A shell has what it runs in the background ignore Ctrl-C, and so would all processes that tests start and end by it.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

# A slow machine is no reason to fail a property, so no example has a time limit. Where CI is set, Hypothesis draws the
# same examples every time.
settings.register_profile("untimed", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("untimed")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run the browser tests last: Playwright's event loop stays in the thread, and no other can run beside it.

    Workers get files in this order too, so that of one none runs anything else after its first browser test.
    """
    items.sort(key=lambda item: "browser" in item.path.parts)


CORES = os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else None


@pytest.fixture(autouse=True)
def _all_cores() -> Iterator[None]:
    """What measures keeps its process to one core: here that is the tests' own, and what they start inherits it.

    Before a test, too: what measures may be a fixture of its whole file, which is there first.
    """
    _take_all_cores()
    yield
    _take_all_cores()


def _take_all_cores() -> None:
    if CORES is not None:
        os.sched_setaffinity(0, CORES)


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever server this test starts is patient."""
    for name, value in PATIENT.items():
        monkeypatch.setenv(name, value)


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """A PostgreSQL cluster for the whole run."""
    with any_postgres() as url:
        yield url


@pytest.fixture(scope="session")
def redis_url() -> Iterator[str]:
    """A Redis for the whole run, which all tests share: its keys and channels are for each to name."""
    with any_redis() as url:
        yield url


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The built site; workers share one."""
    base = tmp_path_factory.getbasetemp()
    return any_site(base.parent if "PYTEST_XDIST_WORKER" in os.environ else base)


_databases = itertools.count()


@pytest.fixture
def new_postgres_url(postgres_url: str) -> Iterator[str]:
    """An empty PostgreSQL database of this test's own; workers may share a cluster."""
    name = f"test_{os.environ.get('PYTEST_XDIST_WORKER', 'alone')}_{next(_databases)}"
    _administer(postgres_url, f"DROP DATABASE IF EXISTS {name} WITH (FORCE)", f"CREATE DATABASE {name}")
    yield str(sqlalchemy.make_url(postgres_url).set(database=name))
    _administer(postgres_url, f"DROP DATABASE {name} WITH (FORCE)")


def _administer(url: str, *statements: str) -> None:
    async def run() -> None:
        connection = await asyncpg.connect(url)
        try:
            for statement in statements:
                await connection.execute(statement)
        finally:
            await connection.close()

    asyncio.run(run())
