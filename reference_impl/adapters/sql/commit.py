"""One commit of the log: contiguous ``seq``, idempotency and the effects of every event, in one transaction.

It first takes the row locks of its streams (SQLite: the write lock) and gives them back when it is durable. So ``seq``
has no holes, no reader can see a later one before an earlier one, and a second request with the same key, from
whichever process, waits and finds the first one's answer.
"""

import re
from collections.abc import Sequence
from dataclasses import replace
from hashlib import blake2b
from operator import itemgetter
from typing import Any

import orjson
import sqlalchemy as sql
from sqlalchemy import Connection

from reference_impl.adapters.sql import effects
from reference_impl.adapters.sql.dialects import insert_rows
from reference_impl.adapters.sql.rows import COLUMNS, event_of, padded, stored_data
from reference_impl.adapters.sql.schema import events, held, idempotency, streams
from reference_impl.ports import Answer, Appended, Held, Refused
from reference_impl.protocol import problem
from reference_impl.protocol.cursor import Cursor
from reference_impl.protocol.events import Draft, Event, EventKind, Review
from reference_impl.protocol.streams import State

KEY_LIFETIME_S = 3600  # an idempotency key is known for at least this long, and for less than twice as long
FORGET_MAX = 2_000  # expired keys that one commit deletes

_UUID7 = re.compile("([0-9a-f]{8})-?([0-9a-f]{4})-?7", re.IGNORECASE)

Key = tuple[bytes, bytes]  # digest of (stream, author, key), digest of what was asked for

_EVENT = ("stream_id", "seq", "partition", "kind", "id", "author", "target", "at_ms", "replies", "deleted", "data")
_KEY = ("bucket", "key", "fingerprint", "seq", "held")

# Statements are built once: building one costs more than SQLite takes to run it.
_HEADS = (
    sql.select(
        streams.c.id,
        streams.c.name,
        streams.c.head,
        streams.c.last_at_ms,
        streams.c.state,
        streams.c.opened_at_ms,
        streams.c.closed,
    )
    .where(streams.c.name.in_(sql.bindparam("names", expanding=True)))
    .order_by(streams.c.name)
)
LOCK = _HEADS.with_for_update()
# Each bucket by itself: with a choice of buckets an engine may read one from end to end, looking for keys.
FIND = sql.union_all(
    *(
        sql.select(idempotency).where(
            idempotency.c.bucket == sql.bindparam(bucket),
            idempotency.c.key.in_(sql.bindparam("keys", expanding=True)),
        )
        for bucket in ("earlier", "now")
    )
)
_FIRST = sql.select(*COLUMNS).where(events.c.stream_id == sql.bindparam("stream"), events.c.seq == sql.bindparam("at"))
_MOVE = (
    streams.update()
    .where(streams.c.id == sql.bindparam("stream"))
    .values(head=sql.bindparam("to"), last_at_ms=sql.bindparam("at"))
)
_OLD = idempotency.c.bucket < sql.bindparam("oldest")
_FORGET = idempotency.delete().where(
    _OLD, idempotency.c.key.in_(sql.select(idempotency.c.key).where(_OLD).limit(FORGET_MAX))
)


class Commit:
    """Everything that one transaction reads and writes; good for one `append`."""

    def __init__(self, connection: Connection, epoch: int, bucket: int, partition: int = 0) -> None:
        self._connection = connection
        self._epoch = epoch
        self._bucket = bucket
        self._partition = partition
        self._streams: dict[str, dict[str, Any]] = {}
        self._known: dict[bytes, tuple[bytes, Appended | Held]] = {}
        self._events: list[tuple[Any, ...]] = []
        self._keys: list[tuple[Any, ...]] = []

    def append(self, drafts: Sequence[Draft]) -> list[Answer]:
        self._read_streams(LOCK, sorted({draft.stream for draft in drafts}))
        keys = [key_of(draft) for draft in drafts]
        self._find({key[0]: draft.stream for key, draft in zip(keys, drafts, strict=True) if key})
        answers = [self._append(draft, key) for draft, key in zip(drafts, keys, strict=True)]
        self._flush()
        self._unlock()
        return answers

    def replays(self, drafts: Sequence[Draft]) -> list[Answer | None]:
        """Look keys up without storing anything."""
        keys = [key_of(draft) for draft in drafts]
        self._read_streams(_HEADS, sorted({draft.stream for draft in drafts}))
        self._find({key[0]: draft.stream for key, draft in zip(keys, drafts, strict=True) if key})
        return [self._repeated(key) if key else None for key in keys]

    def _read_streams(self, query: sql.Select[Any], names: list[str]) -> None:
        rows = self._connection.execute(query, {"names": padded(names)}).mappings()
        self._streams = {row["name"]: {**row, "first": row["head"]} for row in rows}

    def _find(self, wanted: dict[bytes, str]) -> None:
        """Look up the keys, among those of this bucket of time and the one before."""
        if not wanted:
            return
        keys = {"earlier": self._bucket - 1, "now": self._bucket, "keys": padded(list(wanted))}
        for row in self._connection.execute(FIND, keys).mappings().all():
            answer = self._first_answer(wanted[row["key"]], row["seq"], row["held"])
            self._known[row["key"]] = (row["fingerprint"], answer)

    def _first_answer(self, stream: str, seq: int, held_id: str) -> Appended | Held:
        if not seq:
            return Held(held_id)
        place = {"stream": self._streams[stream]["id"], "at": seq}
        row = self._connection.execute(_FIRST, place).mappings().one()
        return Appended(event_of(stream, self._epoch, row))

    def _append(self, draft: Draft, key: Key | None) -> Answer:
        if key and (repeated := self._repeated(key)):
            return repeated
        stream = self._streams.get(draft.stream)
        if stream is None:
            return Refused(problem.NOT_FOUND, f"there is no stream {draft.stream!r}")
        answer = self._hold(stream, draft) if draft.review is Review.HOLD else self._place(stream, draft)
        if key and not isinstance(answer, Refused):
            self._remember(key, answer)
        return answer

    def _repeated(self, key: Key) -> Answer | None:
        if key[0] not in self._known:
            return None
        fingerprint, answer = self._known[key[0]]
        if fingerprint != key[1]:
            return Refused(problem.KEY_REUSED, "the first request was another one")
        return replace(answer, replayed=True)

    def _place(self, stream: dict[str, Any], draft: Draft) -> Answer:
        if stream["state"] != State.OPEN and draft.kind in (EventKind.COMMENT, EventKind.EDIT):
            return Refused(problem.STREAM_CLOSED, f"the stream is {stream['state']}")
        data: Any = draft.data
        if draft.kind is not EventKind.COMMENT or draft.target or draft.review is Review.RELEASE:
            self._flush()  # what it concerns may be in this very commit
            outcome = self._apply(stream, draft)
            if isinstance(outcome, Refused):
                return outcome
            data = outcome
        stream["head"] += 1
        stream["last_at_ms"] = max(stream["last_at_ms"], draft.created_at_ms)
        event = Event.of(draft, Cursor(self._epoch, stream["head"]), stream["last_at_ms"], data)
        self._events.append(self._row(stream, draft, event))
        return Appended(event)

    def _apply(self, stream: dict[str, Any], draft: Draft) -> effects.Outcome:
        return effects.apply(self._connection, stream, draft, self._epoch)

    def _hold(self, stream: dict[str, Any], draft: Draft) -> Answer:
        reason = draft.data["reason"]
        data = {name: value for name, value in draft.data.items() if name != "reason"}
        self._connection.execute(
            held.insert().values(
                id=draft.id, stream_id=stream["id"], author=draft.author, target=draft.target,
                at_ms=draft.created_at_ms, reason=reason, data=orjson.dumps(data).decode(),
            )
        )  # fmt: skip
        return Held(draft.id)

    def _remember(self, key: Key, answer: Appended | Held) -> None:
        self._known[key[0]] = (key[1], answer)
        seq, held_id = (0, answer.id) if isinstance(answer, Held) else (answer.event.seq, None)
        self._keys.append((self._bucket, key[0], key[1], seq, held_id))

    def _row(self, stream: dict[str, Any], draft: Draft, event: Event) -> tuple[Any, ...]:
        who, what, data = draft.author, draft.target, stored_data(event)
        return (
            stream["id"],
            event.seq,
            self._partition,
            draft.kind.value,
            draft.id,
            who,
            what,
            event.at_ms,
            0,
            0,
            data,
        )

    def _flush(self) -> None:
        insert_rows(self._connection, events, _EVENT, self._events)
        self._events = []

    def _unlock(self) -> None:
        """Write back the heads and the keys; the locks go with the transaction."""
        moved = [row for row in self._streams.values() if row["head"] != row["first"]]
        if moved:
            places = [{"stream": row["id"], "to": row["head"], "at": row["last_at_ms"]} for row in moved]
            self._connection.execute(_MOVE, places if len(places) > 1 else places[0])
        self._keys.sort(key=itemgetter(1))  # neighbours share a page
        insert_rows(self._connection, idempotency, _KEY, self._keys)


def bucket_of(now_s: float) -> int:
    return int(now_s // KEY_LIFETIME_S)


def forget_keys(connection: Connection, bucket: int) -> bool:
    """Delete expired keys, a bounded number at a time; True when none are left."""
    return connection.execute(_FORGET, {"oldest": bucket - 1}).rowcount < FORGET_MAX


def key_of(draft: Draft) -> Key | None:
    """Digests; a key that is a UUIDv7 keeps its time in front, so that new ones go to the end of the index.

    Random keys would each dirty a page of their own, which costs more than the rest of a comment.
    """
    if draft.idempotency_key is None:
        return None
    scope = f"{draft.stream}\0{draft.author}\0{draft.idempotency_key}"
    asked = f"{draft.target}\0{draft.data.get('text')}"
    digest = blake2b(scope.encode(), digest_size=16).digest()
    time_ordered = _UUID7.match(draft.idempotency_key)
    if time_ordered:
        digest = bytes.fromhex(time_ordered[1] + time_ordered[2]) + digest[:10]
    return digest, blake2b(asked.encode(), digest_size=8).digest()
