"""Whatever happens to a hot log's processes and its Redis: what is acknowledged and not lost is readable once."""

import asyncio
import shutil
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import redis
from hypothesis import event, given, settings
from hypothesis import strategies as st

from reference_impl.adapters.hot import archive as archive_module
from reference_impl.adapters.hot.archive import Archive
from reference_impl.adapters.hot.archiver import Sweep
from reference_impl.adapters.hot.durable import Durable
from reference_impl.adapters.hot.log import HotLog
from reference_impl.adapters.hot.window import Window, WindowConfig
from reference_impl.adapters.redis.connection import connect as connect_redis
from reference_impl.adapters.redis.work_queue import RedisWorkQueue
from reference_impl.adapters.sql.connecting import connect
from reference_impl.adapters.sql.database import Database
from reference_impl.adapters.sql.directory import SqlDirectory
from reference_impl.adapters.sql.log import SqlLog
from reference_impl.archive_work import ARCHIVE, ArchiveWork, QueuedArchive
from reference_impl.ports import LogUnavailable
from reference_impl.storage import migrate_all
from reference_impl.working import Fenced
from tests.adapters.conftest import stream
from tests.adapters.faults import Clock, Faults, FaultyDatabase
from tests.adapters.schedules import STREAMS, Told, check, empty_tables, last_seq, steps, take

EXAMPLES = 25
ARCHIVING = ("nobody", "the server", "a worker", "a worker that falls silent meanwhile", "a sweep")
FAULTS = ("another server", "loses the last", "loses all", "comes back as it was")


class FaultyWindow(Window):
    """Scripts count as commits do."""

    faults: Faults

    async def _run(self, name: str, keys: Any, *values: Any, replicas: int = 0) -> Any:
        run = super()._run
        if name == "take":
            return await run(name, keys, *values)
        return await self.faults.around(lambda: run(name, keys, *values, replicas=replicas))


class HotProcess:
    """A hot log over a database and a Redis that others use too; it can be a worker as well."""

    def __init__(self, database: Database, url: str, epoch: int) -> None:
        self.faults = Faults(Clock(), self._nothing)
        self._queue = RedisWorkQueue(connect_redis(url), ARCHIVE, parts=1, lease_s=600.0)  # and over when we say so
        self._window = FaultyWindow(connect_redis(url), WindowConfig())
        self._window.faults = self.faults
        self._database = FaultyDatabase(database, self.faults)
        self._epoch = epoch
        self.restart()

    def restart(self) -> None:
        self.faults.planned = {}
        durable = Durable(self._database)
        self.archive = Archive(durable, self._window)
        self.sql = SqlLog(self._database, self._epoch)
        self.queued = QueuedArchive(self._queue)
        self.sweep = Sweep(self.archive, durable, 1_000)
        self.log = HotLog(self.sql, durable, self._window, self.archive, self.queued.placed)

    async def work(self, who: str, meanwhile: "HotProcess | None" = None) -> None:
        """What a worker does once it has a part; ``meanwhile`` another one takes that over, and is done before."""
        hold = await self._queue.hold(who, 0, None)
        assert hold is not None
        pieces = await self._queue.take(hold, 200)
        if meanwhile:
            await self._queue.release(hold)  # its lease is over
            await meanwhile.work("heir")
        try:
            await ArchiveWork(self.archive).handle(hold, pieces)
            await self._queue.done(hold, pieces)
        except Fenced:
            event("a worker came too late")
        except LogUnavailable:
            event("a worker died")
            self.restart()
        await self._queue.release(hold)

    async def sweep_all(self) -> None:
        try:
            await self.sweep.archive_all()
        except LogUnavailable:
            self.restart()

    async def archive_all(self) -> None:
        """What the archiver does, if it lives."""
        for name in STREAMS:
            try:
                await self.archive.advance(name)
            except LogUnavailable:
                self.restart()

    async def settle_all(self) -> None:
        for name in STREAMS:
            await self.archive.settle(name)

    async def close(self) -> None:
        await self._window.close()
        await self._queue.close()

    async def _nothing(self) -> None:
        """Nobody else is there."""


@dataclass
class Redis:
    """What can befall the server itself, played on one that goes on."""

    client: redis.Redis
    epoch: int
    saved: dict[bytes, bytes] = field(default_factory=dict)

    def save(self) -> None:
        """What is on its disk, while it goes on in memory."""
        self.saved = {key: self.client.dump(key) for key in self.client.scan_iter()}

    def _roll_back(self) -> dict[str, int]:
        self.client.flushall()
        for key, value in self.saved.items():
            self.client.restore(key, 0, value)
        for name in STREAMS:
            if self.client.exists(f"lc:{{{name}}}:standing"):
                self.client.hset(f"lc:{{{name}}}:standing", "run", "another run")
        return dict.fromkeys(STREAMS, 0)

    def befalls(self, fault: str) -> dict[str, int]:
        """Do it, and answer the last ``seq`` of each stream that Redis may still vouch for."""
        event(fault)
        if fault == "comes back as it was":
            return self._roll_back()
        if fault == "loses all":
            self.client.flushall()
            return dict.fromkeys(STREAMS, 0)
        left = {}
        for name in STREAMS:
            standing, window = f"lc:{{{name}}}:standing", f"lc:{{{name}}}:window"
            if not self.client.exists(standing):
                continue
            self.client.hset(standing, "run", "another server")
            if fault == "loses the last" and (entries := self.client.xrevrange(window, count=2)):
                self.client.xdel(window, *(identity for identity, _ in entries))
                head = int(entries[-1][0].split(b"-")[0]) - 1
                self.client.hset(standing, "head", head)
                left[name] = head
        return left


rounds = st.lists(
    st.tuples(
        st.lists(steps, min_size=1, max_size=3),
        st.sampled_from(ARCHIVING),  # afterwards
        st.sampled_from(["nothing", "nothing", "nothing", *FAULTS]),
    ),
    min_size=1,
    max_size=8,
)


@pytest.fixture(scope="module")
def files(tmp_path_factory) -> Path:
    directory = tmp_path_factory.mktemp("template")
    asyncio.run(migrate_all(_file(directory), 1))
    return directory


def _file(directory: Path) -> str:
    return f"sqlite:///{directory}/log.sqlite"


def test_what_was_acknowledged_and_not_lost_is_readable_once_in_order_without_a_hole(files, one, monkeypatch) -> None:
    monkeypatch.setattr(archive_module, "PAUSE_S", 0.0)

    @settings(max_examples=EXAMPLES, derandomize=True)
    @given(rounds)
    def over(schedule) -> None:
        with tempfile.TemporaryDirectory() as directory:
            shutil.copytree(files, directory, dirs_exist_ok=True)
            asyncio.run(_run(schedule, _file(Path(directory)), one))

    over()


async def _run(schedule, url: str, one) -> None:
    database = connect(url)
    await database.write(empty_tables)
    epoch = (await SqlLog.begin(database)).epoch
    for name in STREAMS:
        await SqlDirectory(database).create(stream(name))
    with one.server.client as client:
        client.flushall()
        server, told = Redis(client, epoch), Told()
        processes = [HotProcess(database, one.url, epoch) for _ in range(2)]
        for process, other in (processes, processes[::-1]):
            process.faults.meanwhile = other.settle_all
        try:
            for round_, (together, archives, fault) in enumerate(schedule):
                before = {name: last_seq(told, name) for name in STREAMS}
                server.save()
                told.new = []
                takes = (take(processes[each.process], each, told, f"{round_}-{n}") for n, each in enumerate(together))
                await asyncio.gather(*takes)
                assert all(seq > before[name] for name, seq in told.new)
                await _archive(archives, processes[round_ % 2], processes[1 - round_ % 2])
                await _befalls(server, fault, database, told)
                for process in processes:
                    process.faults.planned = {}
                    await check(process, told)
            await _everything_is_in_sql(processes[0], told)
        finally:
            for process in processes:
                await process.close()
            await database.close()


async def _archive(who: str, one: HotProcess, other: HotProcess) -> None:
    event(f"{who} archives")
    for process in (one, other):
        await process.queued.round()
    if who == "the server":
        await one.archive_all()
    elif who == "a worker":
        await one.work("one")
    elif who == "a worker that falls silent meanwhile":
        await one.work("one", other)
    elif who == "a sweep":
        await one.sweep_all()


async def _everything_is_in_sql(process: HotProcess, told: Told) -> None:
    """After one more sweep no window holds anything, and the log has all of it."""
    await process.sweep.archive_all()
    for name in STREAMS:
        assert await process.archive.depth(name) == 0
        found = {each.seq: each.id for each in await process.sql.read(name, first=1, last=1_000)}
        assert {seq: id_ for (where, seq), id_ in told.appended.items() if where == name}.items() <= found.items()


async def _befalls(server: Redis, fault: str, database: Database, told: Told) -> None:
    """Let it happen, and forget what was lost; where anything was, there must be a new epoch."""
    if fault == "nothing":
        return
    durable = Durable(database)
    _, owners = await durable.owners(STREAMS)
    heads = {name: max(owners[name].head, vouched) for name, vouched in server.befalls(fault).items()}
    lost = {where: id_ for where, id_ in told.appended.items() if where[1] > heads.get(where[0], where[1])}
    for where, id_ in lost.items():
        del told.appended[where]
        event("something was lost")
        for ids in (*told.comments.values(), told.deleted, *told.by_key.values()):
            if id_ in ids:
                ids.remove(id_)
    told.by_key = {key: ids for key, ids in told.by_key.items() if ids}
    if lost:
        process = HotProcess(database, f"redis://127.0.0.1:{server.client.get_connection_kwargs()['port']}", 0)
        await process.log.heads(STREAMS)
        assert process.log.epoch > server.epoch
        await process.close()
    server.epoch = (await durable.owners([]))[0]
