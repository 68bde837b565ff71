"""Random schedules of what processes append while faults befall them, what clients were told, and what must hold."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Protocol

from hypothesis import event
from hypothesis import strategies as st
from sqlalchemy import Connection

from reference_impl.adapters.sql.schema import metadata
from reference_impl.ports import Appended, CommentLog, LogUnavailable
from reference_impl.protocol.events import EventKind
from tests.adapters.conftest import draft
from tests.adapters.faults import Faults


class AnyProcess(Protocol):
    """A process with a log, which may die or be held up."""

    log: CommentLog
    faults: Faults

    def restart(self) -> None: ...


STREAMS = ("s", "t")  # of two homes

KINDS = ["comment", "comment", "comment", "reply", "edit", "delete", "pin"]
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


@dataclass
class Told:
    """What clients were told."""

    appended: dict[tuple[str, int], str] = field(default_factory=dict)  # (stream, seq): id
    comments: dict[str, list[str]] = field(default_factory=lambda: {name: [] for name in STREAMS})
    deleted: set[str] = field(default_factory=set)
    by_key: dict[tuple[str, int], set[str]] = field(default_factory=dict)
    new: list[tuple[str, int]] = field(default_factory=list)  # in this round


def empty_tables(connection: Connection) -> None:
    for table in reversed(metadata.sorted_tables):
        connection.execute(table.delete())


def last_seq(told: Told, name: str) -> int:
    return max((seq for where, seq in told.appended if where == name), default=0)


async def take(process: AnyProcess, step: Step, told: Told, name: str) -> None:
    if step.restarts:
        process.restart()
    process.faults.planned = dict(step.faults)
    drafts = [draft_of(step, kind, told, at, f"{name}-{at}") for at, kind in enumerate(step.kinds)]
    try:
        answers = await process.log.append(drafts)
    except LogUnavailable:
        event("a process died or gave up")
        process.restart()
        return
    for asked, answer in zip(drafts, answers, strict=True):
        if isinstance(answer, Appended):
            _note(told, asked, answer, step)


def draft_of(step: Step, kind: str, told: Told, at: int, name: str):
    there = told.comments[step.stream]
    target = there[(step.target + at) % len(there)] if there else None
    if kind == "comment" or target is None:
        key = None if step.key is None or at else step.key
        text = f"keyed {key}" if key is not None else f"plain {name}"
        return draft(text, stream=step.stream, key=None if key is None else f"k{key}", created_at_ms=step.target)
    if kind == "reply":
        key = None if step.key is None or at else step.key
        text = f"reply {name}" if key is None else f"keyed {key}"
        return draft(text, stream=step.stream, target=target, key=None if key is None else f"k{key}")
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


async def check(process: AnyProcess, told: Told) -> None:
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
