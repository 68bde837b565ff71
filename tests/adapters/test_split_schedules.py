"""Whatever happens to a split log's processes: what was acknowledged is readable once, in order, without a hole."""

import asyncio
import shutil
import tempfile
from pathlib import Path
from random import Random

import pytest
from hypothesis import given, settings

from reference_impl.adapters.sql.connecting import connect
from reference_impl.adapters.sql.directory import SqlDirectory
from reference_impl.policy.partitioning import HotSplit, HotSplitConfig, Partitioning, home, strategy
from reference_impl.storage import migrate_all
from tests.adapters.conftest import stream
from tests.adapters.faults import LEASE_S, Clock, Process
from tests.adapters.schedules import STREAMS, Step, Told, check, empty_tables, last_seq, schedules, take

PARTITIONS = 3
EPOCH = 7
LAYOUTS = (*Partitioning, "any")
# A burst splits it, the steps of the clock bring it together again.
RESTLESS = HotSplitConfig(split_per_s=12, merge_per_s=6, calm_s=0.1, memory_s=0.2)

EXAMPLES = {"sqlite": 25, "postgres": 10}


class Anywhere:
    """Every strategy at once: no rule at all."""

    partitions = PARTITIONS

    def __init__(self, seed: int) -> None:
        self._random = Random(seed)

    def place(self, stream: str, author: str, comment_id: str, at_s: float) -> int:
        return self._random.randrange(PARTITIONS)


def placing(layout: str):
    if layout == "any":
        return Anywhere(1)
    if layout == Partitioning.HOT_SPLIT:
        return HotSplit(PARTITIONS, RESTLESS)
    return strategy(Partitioning(layout), PARTITIONS)


@pytest.fixture(scope="module")
def files(tmp_path_factory) -> Path:
    """Tables are made once, and copied for each example."""
    directory = tmp_path_factory.mktemp("template")
    asyncio.run(migrate_all(_file(directory), PARTITIONS))
    return directory


def _file(directory: Path) -> str:
    return f"sqlite:///{directory}/log.sqlite"


@pytest.mark.parametrize("layout", LAYOUTS)
def test_what_was_acknowledged_is_readable_once_in_order_without_a_hole(layout, files) -> None:
    @settings(max_examples=EXAMPLES["sqlite"], derandomize=True)
    @given(schedules)
    def over(schedule) -> None:
        with tempfile.TemporaryDirectory() as directory:
            shutil.copytree(files, directory, dirs_exist_ok=True)
            asyncio.run(_run(layout, schedule, _file(Path(directory))))

    over()


def test_so_it_is_in_postgresql(new_postgres_url) -> None:
    asyncio.run(migrate_all(new_postgres_url, PARTITIONS))

    @settings(max_examples=EXAMPLES["postgres"], derandomize=True)
    @given(schedules)
    def over(schedule) -> None:
        asyncio.run(_run("any", schedule, new_postgres_url))

    over()


async def _run(layout: str, schedule: list[list[Step]], url: str) -> None:
    databases = [connect(url, number, PARTITIONS) for number in range(PARTITIONS)]
    for database in databases:
        await database.write(empty_tables)
    for name in STREAMS:
        await SqlDirectory(databases[home(name, PARTITIONS)]).create(stream(name))
    clock, told = Clock(), Told()
    processes = [Process(databases, lambda: placing(layout), clock, EPOCH) for _ in range(2)]
    for one, other in (processes, processes[::-1]):
        one.faults.meanwhile = lambda other=other: other.log.heads(STREAMS)
    try:
        for round_, together in enumerate(schedule):
            before = {name: last_seq(told, name) for name in STREAMS}
            told.new = []
            takes = (take(processes[each.process], each, told, f"{round_}-{n}") for n, each in enumerate(together))
            await asyncio.gather(*takes)
            assert all(seq > before[name] for name, seq in told.new)  # after whatever was answered before it was asked
            for process in processes:
                await check(process, told)
        clock.now_s += 2 * LEASE_S
        survivor = Process(databases, lambda: placing(layout), clock, EPOCH)
        await check(survivor, told)
    finally:
        for database in databases:
            await database.close()
