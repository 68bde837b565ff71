"""Whatever happens to a split log's processes: what was acknowledged is readable once, in order, without a hole."""

import asyncio
import shutil
import tempfile
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection

from reference_impl.adapters.sql.connecting import connect
from reference_impl.adapters.sql.directory import SqlDirectory
from reference_impl.adapters.sql.schema import metadata
from reference_impl.policy.partitioning import HotSplit, HotSplitConfig, Partitioning, home, strategy
from reference_impl.ports import Appended, LogUnavailable
from reference_impl.protocol.events import EventKind
from reference_impl.storage import migrate_all
from tests.adapters.conftest import draft, stream
from tests.adapters.faults import LEASE_S, Clock, Process

PARTITIONS = 3
EPOCH = 7
STREAMS = ("s", "t")  # of two homes
LAYOUTS = (*Partitioning, "any")
# A burst splits it, the steps of the clock bring it together again.
RESTLESS = HotSplitConfig(split_per_s=12, merge_per_s=6, calm_s=0.1, memory_s=0.2)

KINDS = ["comment", "comment", "comment", "reply", "edit", "delete", "pin"]
EXAMPLES = {"sqlite": 25, "postgres": 10}
FAULTS = st.dictionaries(st.integers(0, 7), st.sampled_from(["dies before", "dies after", "is held up"]), max_size=1)


@dataclass(frozen=True)
class Step:
    """Drafts that one process appends together."""

    process: int
    stream: str
    kinds: list[str]
    key: int | None
    target: int
    faults: dict[int, str]
    restarts: bool


steps = st.builds(
    Step,
    process=st.integers(0, 1),
    stream=st.sampled_from(STREAMS),
    kinds=st.lists(st.sampled_from(KINDS), min_size=1, max_size=4),
    key=st.none() | st.integers(0, 4),
    target=st.integers(0, 50),
    faults=FAULTS,
    restarts=st.booleans(),
)
schedules = st.lists(st.lists(steps, min_size=1, max_size=3), min_size=1, max_size=8)


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


@dataclass
class Told:
    """What clients were told."""

    appended: dict[tuple[str, int], str] = field(default_factory=dict)  # (stream, seq): id
    comments: dict[str, list[str]] = field(default_factory=lambda: {name: [] for name in STREAMS})
    deleted: set[str] = field(default_factory=set)
    by_key: dict[tuple[str, int], set[str]] = field(default_factory=dict)
    new: list[tuple[str, int]] = field(default_factory=list)  # in this round


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
        await database.write(_empty)
    for name in STREAMS:
        await SqlDirectory(databases[home(name, PARTITIONS)]).create(stream(name))
    clock, told = Clock(), Told()
    processes = [Process(databases, lambda: placing(layout), clock, EPOCH) for _ in range(2)]
    for one, other in (processes, processes[::-1]):
        one.faults.meanwhile = lambda other=other: other.log.heads(STREAMS)
    try:
        for round_, together in enumerate(schedule):
            before = {name: _last(told, name) for name in STREAMS}
            told.new = []
            takes = (_take(processes[each.process], each, told, f"{round_}-{n}") for n, each in enumerate(together))
            await asyncio.gather(*takes)
            assert all(seq > before[name] for name, seq in told.new)  # after whatever was answered before it was asked
            for process in processes:
                await _check(process, told)
        clock.now_s += 2 * LEASE_S
        survivor = Process(databases, lambda: placing(layout), clock, EPOCH)
        await _check(survivor, told)
    finally:
        for database in databases:
            await database.close()


def _empty(connection: Connection) -> None:
    for table in reversed(metadata.sorted_tables):
        connection.execute(table.delete())


def _last(told: Told, name: str) -> int:
    return max((seq for where, seq in told.appended if where == name), default=0)


async def _take(process: Process, step: Step, told: Told, name: str) -> None:
    if step.restarts:
        process.restart()
    process.faults.planned = dict(step.faults)
    drafts = [_draft(step, kind, told, at, f"{name}-{at}") for at, kind in enumerate(step.kinds)]
    try:
        answers = await process.log.append(drafts)
    except LogUnavailable:
        event("a process died or gave up")
        process.restart()
        return
    for asked, answer in zip(drafts, answers, strict=True):
        if isinstance(answer, Appended):
            _note(told, asked, answer, step)


def _draft(step: Step, kind: str, told: Told, at: int, name: str):
    there = told.comments[step.stream]
    target = there[(step.target + at) % len(there)] if there else None
    if kind == "comment" or target is None:
        key = None if step.key is None or at else step.key
        text = f"keyed {key}" if key is not None else f"plain {name}"
        return draft(text, stream=step.stream, key=None if key is None else f"k{key}", created_at_ms=step.target)
    if kind == "reply":
        return draft(f"reply {name}", stream=step.stream, target=target)
    data = {"text": f"edited {name}", "mentions": [], "edited": True} if kind == "edit" else {}
    return draft(stream=step.stream, kind=EventKind(kind), target=target, data=data)


def _note(told: Told, asked, answer: Appended, step: Step) -> None:
    where = step.stream, answer.event.seq
    assert told.appended.setdefault(where, answer.event.id) == answer.event.id
    if not answer.replayed:
        told.new.append(where)
    if asked.idempotency_key is not None:
        told.by_key.setdefault((step.stream, step.key or 0), set()).add(answer.event.id)
    if asked.kind is EventKind.COMMENT and not answer.replayed and asked.target is None:
        told.comments[step.stream].append(answer.event.id)
    if asked.kind is EventKind.DELETE:
        told.deleted.add(asked.target)


async def _check(process: Process, told: Told) -> None:
    """Everything that was acknowledged is there for every process, and nothing else that contradicts it."""
    heads = await process.log.heads(STREAMS)
    for name in STREAMS:
        events = await process.log.read(name, first=1, last=heads[name] + 99)
        assert [each.seq for each in events][: heads[name]] == list(range(1, heads[name] + 1))
        assert [each.seq for each in events] == list(range(1, len(events) + 1))
        found = {each.seq: each.id for each in events}
        acknowledged = {seq: id_ for (where, seq), id_ in told.appended.items() if where == name}
        assert acknowledged.items() <= found.items()
        assert all(count == 1 for count in Counter(each.id for each in events).values())
        assert [each.at_ms for each in events] == sorted(each.at_ms for each in events)
        keyed = Counter(
            each.data["text"] for each in events if each.kind == "comment" and each.data["text"].startswith("keyed")
        )
        assert all(count == 1 for count in keyed.values())
        shown = [each for each in events if each.id in told.deleted or each.target in told.deleted]
        assert all(each.data.get("deleted") for each in shown if each.kind is EventKind.COMMENT and not each.target)
        assert all(each.data["comment"]["deleted"] for each in shown if each.kind in ("edit", "pin"))
    assert all(len(ids) == 1 for ids in told.by_key.values())
