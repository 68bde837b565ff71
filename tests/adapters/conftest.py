"""Every engine of the log; a new one is proven by adding it here."""

import asyncio
import itertools
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from reference_impl.adapters.hot.window import WindowConfig
from reference_impl.adapters.partitioned.log import PartitionedLog
from reference_impl.policy.partitioning import HotSplit, HotSplitConfig, Partitioning, Strategy, strategy
from reference_impl.protocol.events import Draft, author_data, comment_data
from reference_impl.protocol.streams import State, Stream, StreamSettings
from reference_impl.storage import Storage, hot, migrate_all, open_databases, split
from reference_impl.storage import whole as whole_log
from tests.adapters.redis_fixtures import cluster, one, queue_of, servers  # noqa: F401 - fixtures

WHOLE = ("sqlite", "postgres")  # the log in one piece
SPLIT = (*(f"sqlite {kind}" for kind in Partitioning), "postgres by_comment", "postgres hot_split")
HOT = ("hot sqlite", "hot postgres")  # its newest comments are in Redis
PARTITIONS = 3
EASILY_HOT = HotSplitConfig(split_per_s=1.2, merge_per_s=0.5)  # from the third comment on
PATIENCE_S = 60.0


@pytest.fixture(autouse=True)
def _patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody is given up, and no message dropped, because the machine is slow or stands still for some seconds."""
    monkeypatch.setattr("reference_impl.adapters.sql.database.BUSY_TIMEOUT_MS", int(PATIENCE_S * 1000))
    monkeypatch.setitem(PartitionedLog.begin.__kwdefaults__, "lease_s", PATIENCE_S)
    for name in (
        "sql.database.ANSWER_MAX_S",
        "redis.connection.CONNECT_S",
        "redis.writer.STALE_S",
        "redis.broker.FLUSH_S",
    ):
        monkeypatch.setattr(f"reference_impl.adapters.{name}", PATIENCE_S)


@dataclass
class Engine:
    """Where a test's log is, opened as often as it wants."""

    url: str
    partitioning: Partitioning | None = None
    redis_url: str | None = None  # of a hot window

    @property
    def partitions(self) -> int:
        return 1 if self.partitioning is None else PARTITIONS

    async def open(self, *streams: str) -> Storage:
        await migrate_all(self.url, self.partitions)
        databases = await open_databases(self.url, self.partitions)
        if self.redis_url:
            store = await hot(databases[0], self.redis_url, WindowConfig())
        elif self.partitioning:
            store = await split(databases, placing(self.partitioning))
        else:
            store = await whole_log(databases[0])
        for name in streams or ("s", "t"):
            await store.directory.create(stream(name))
        return store

    def use(self, work: Callable[[Storage], Awaitable[object]]) -> object:
        """Open, work, close."""
        self._lay_out()

        async def main() -> object:
            store = await self.open()
            try:
                return await work(store)
            finally:
                await store.log.close()

        return asyncio.run(main())

    def _lay_out(self) -> None:
        """Put the files of an empty log where there is none: making tables takes longer than most tests."""
        file = Path(self.url.removeprefix("sqlite:///"))
        if file.suffix == ".sqlite" and not file.exists():
            for name, content in empty_files(self.partitions).items():
                (file.parent / name).write_bytes(content)


@cache
def empty_files(partitions: int) -> Mapping[str, bytes]:
    with TemporaryDirectory() as folder:
        asyncio.run(migrate_all(f"sqlite:///{folder}/log.sqlite", partitions))
        return {path.name: path.read_bytes() for path in Path(folder).iterdir()}


def placing(partitioning: Partitioning) -> Strategy:
    if partitioning is Partitioning.HOT_SPLIT:
        return HotSplit(PARTITIONS, EASILY_HOT)
    return strategy(partitioning, PARTITIONS)


def stream(name: str, **settings: object) -> Stream:
    return Stream(
        name=name, title=name, owner="", state=State.OPEN, settings=StreamSettings(**settings), opened_at_ms=0
    )


_ids = itertools.count(1)


def draft(text: str = "hello", *, stream: str = "s", author: str = "ann", key: str | None = None, **more) -> Draft:
    """A comment's draft, or another event's when ``more`` says so."""
    fields = {
        "stream": stream, "id": f"00000000-0000-7000-8000-{next(_ids):012x}", "author": author, "created_at_ms": 1,
        "data": comment_data(author_data(author, author), text, []), "idempotency_key": key,
    }  # fmt: skip
    return Draft(**fields | more)


@pytest.fixture(params=WHOLE + SPLIT + HOT)
def engine(request: pytest.FixtureRequest, tmp_path: Path) -> Engine:
    return engine_of(request, tmp_path)


@pytest.fixture(params=WHOLE + SPLIT)
def in_sql(request: pytest.FixtureRequest, tmp_path: Path) -> Engine:
    """For what Redis does otherwise."""
    return engine_of(request, tmp_path)


@pytest.fixture(params=WHOLE)
def whole(request: pytest.FixtureRequest, tmp_path: Path) -> Engine:
    """For what is so of a log in one piece only."""
    return engine_of(request, tmp_path)


def engine_of(request: pytest.FixtureRequest, tmp_path: Path) -> Engine:
    if request.param.startswith("hot"):
        return hot_engine_of(request, tmp_path)
    kind, *partitioning = request.param.split()
    url = request.getfixturevalue("new_postgres_url") if kind == "postgres" else f"sqlite:///{tmp_path / 'log.sqlite'}"
    return Engine(url, *map(Partitioning, partitioning))


def hot_engine_of(request: pytest.FixtureRequest, tmp_path: Path) -> Engine:
    _, kind = request.param.split()
    url = request.getfixturevalue("new_postgres_url") if kind == "postgres" else f"sqlite:///{tmp_path / 'log.sqlite'}"
    server = request.getfixturevalue("one").server
    server.ask("FLUSHALL")
    return Engine(url, redis_url=server.url)
