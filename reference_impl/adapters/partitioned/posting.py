"""What happens to drafts before and after they are stored: their comments are found, their keys claimed."""

from collections.abc import Iterable, Sequence
from dataclasses import replace

import sqlalchemy as sql
from sqlalchemy import Connection, RowMapping

from reference_impl.adapters.partitioned import intents
from reference_impl.adapters.partitioned.intents import Intent
from reference_impl.adapters.partitioned.layout import Partitions, together
from reference_impl.adapters.partitioned.slots import Slot
from reference_impl.adapters.sql.commit import forget_keys, key_of
from reference_impl.adapters.sql.effects import unfit
from reference_impl.adapters.sql.rows import event_of, padded
from reference_impl.adapters.sql.schema import events, streams
from reference_impl.policy.partitioning import Strategy, hashed
from reference_impl.ports import Appended, Held, Refused
from reference_impl.protocol import problem
from reference_impl.protocol.events import Draft, EventKind, Review

_TARGETS = (
    sql.select(events.c.id, events.c.author, events.c.target, events.c.deleted, streams.c.name)
    .join(streams, streams.c.id == events.c.stream_id)
    .where(events.c.id.in_(sql.bindparam("ids", expanding=True)), events.c.kind == EventKind.COMMENT)
)

Located = dict[str, tuple[int, RowMapping]]


async def locate(partitions: Partitions, ids: Iterable[str]) -> Located:
    """In which partition each of these comments is, and what it is."""
    wanted = padded(sorted(set(ids)))
    if not wanted:
        return {}

    def find(connection: Connection) -> Sequence[RowMapping]:
        return connection.execute(_TARGETS, {"ids": wanted}).mappings().all()

    found = await partitions.read_all(find)
    return {row["id"]: (number, row) for number, rows in enumerate(found) for row in rows}


async def place(
    partitions: Partitions, strategy: Strategy, drafts: Sequence[Draft], at_s: float, lane: int | None
) -> list[Slot]:
    """Say where each draft goes: to the comment that it concerns, to where the strategy says, or home."""
    new = {draft.id for draft in drafts if draft.kind is EventKind.COMMENT}
    targets = {draft.target for draft in drafts if draft.target and draft.target not in new}
    located = await locate(partitions, targets)
    here: dict[str, int] = {}
    slots = []
    for draft in drafts:
        slot = _placed(partitions, strategy, draft, at_s, lane, located, here)
        if slot.is_comment:
            here[draft.id] = slot.partition
        slots.append(slot)
    return slots


def _placed(
    partitions: Partitions, strategy: Strategy, draft: Draft, at_s: float, lane: int | None, located: Located,
    here: dict[str, int],
) -> Slot:  # fmt: skip
    home = partitions.home(draft.stream)
    if draft.target is None:
        plain = draft.kind is EventKind.COMMENT and draft.review is Review.NONE
        if not plain:
            return Slot(draft, home)
        return Slot(draft, strategy.place(draft.stream, draft.author, draft.id, at_s) if lane is None else lane)
    if draft.target in here:
        where, refused = here[draft.target], None
    elif draft.target in located and located[draft.target][1]["name"] == draft.stream:
        where, target = located[draft.target]
        refused = None if draft.review is Review.HOLD else unfit(draft, target)
    else:
        where, refused = home, None  # which refuses it
    return Slot(draft, home if draft.kind is EventKind.PIN else where, answer=refused, target_at=where)


async def claim(partitions: Partitions, slots: Sequence[Slot], bucket: int, tidy: dict[int, int]) -> None:
    """Claim the keys of new comments, and make each repeat what its first request was.

    ``tidy`` says of each partition in which bucket all expired keys have been forgotten.
    """
    wanted: dict[int, list[tuple[Slot, Intent]]] = {}
    for slot in slots:
        key = key_of(slot.draft)
        if key is not None and (slot.answer is None):
            where = hashed(key[0].hex()) % len(partitions)
            wanted.setdefault(where, []).append((slot, Intent(key, slot.partition, slot.draft.id)))
    await together(_claim(partitions, number, pairs, bucket, tidy) for number, pairs in wanted.items())
    await _answer_repeats(partitions, [slot for slot in slots if slot.repeat and slot.answer is None])


async def replay(partitions: Partitions, draft: Draft, bucket: int) -> Slot | None:
    """A slot with the answer to an earlier request with the draft's key, None when there was none."""
    key = key_of(draft)
    if key is None:
        return None
    database = partitions[hashed(key[0].hex()) % len(partitions)]
    found = (await database.read(lambda connection: intents.find(connection, bucket, [key[0]]))).get(key[0])
    if found is None:
        return None
    slot = Slot(draft, partitions.home(draft.stream))
    _pin(slot, Intent(key, slot.partition, draft.id), found)
    if slot.answer is None:
        await _answer_repeats(partitions, [slot])
    return slot if slot.answer is not None else None


async def _claim(
    partitions: Partitions, number: int, pairs: Sequence[tuple[Slot, Intent]], bucket: int, tidy: dict[int, int]
) -> None:
    wanted = [intent for _, intent in pairs]

    def work(connection: Connection) -> tuple[dict[bytes, Intent], bool]:
        found = intents.claim(connection, bucket, wanted)
        return found, tidy.get(number) == bucket or forget_keys(connection, bucket)

    found, done = await partitions[number].write(work)
    if done:
        tidy[number] = bucket
    for slot, intent in pairs:
        stands = found[intent.key[0]]
        if stands != intent:
            _pin(slot, intent, stands)


def _pin(slot: Slot, asked: Intent, stands: Intent) -> None:
    if stands.key[1] != asked.key[1]:
        slot.answer = Refused(problem.KEY_REUSED, "the first request was another one")
        return
    slot.repeat = True
    slot.partition = stands.partition
    slot.draft = replace(slot.draft, id=stands.comment)


async def _answer_repeats(partitions: Partitions, repeats: Sequence[Slot]) -> None:
    """Those whose comment is stored, or waits for a moderator, have their first answer."""
    places: dict[int, set[str]] = {}
    for slot in repeats:
        for number in {slot.partition, partitions.home(slot.draft.stream)}:
            places.setdefault(number, set()).add(slot.draft.id)
    for number, ids in places.items():
        found = await partitions[number].read(lambda connection, ids=ids: intents.known(connection, sorted(ids)))  # type: ignore[misc]
        for slot in repeats:
            row = found[slot.draft.id].row if slot.draft.id in found else None
            if row is not None:
                slot.answer = Appended(event_of(slot.draft.stream, 0, row), replayed=True)
            elif slot.draft.id in found and slot.answer is None:
                slot.answer = Held(slot.draft.id, replayed=True)
