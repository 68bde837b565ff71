"""`CommentLog` with a hot window: plain comments are acknowledged by Redis and archived in SQL soon after.

Redis gives out a stream's ``seq`` while the stream is open there. Everything that is not a plain comment (a reply, an
edit, a deletion, a pin, a setting, a comment held for review) first has the stream *settled*: sealed in Redis, what is
left of its window archived, given back to SQL; there it is then done as ever. The next plain comment opens the stream
again. So ``seq`` is given out in one place at a time, and whatever is done to a comment is done to one in SQL.

When Redis has lost continuity (it was restarted, or another server took over, and not every write was synced), what it
still has is archived, and a new epoch begins: what viewers had seen past that is lost, and they are told so.
"""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from itertools import groupby

from reference_impl.adapters.hot.archive import PATIENT, PAUSE_S, TRIES, Archive, changing_hands
from reference_impl.adapters.hot.durable import Durable
from reference_impl.adapters.hot.window import READ_MAX, Standing, Taken, Window
from reference_impl.adapters.sql.commit import key_of
from reference_impl.adapters.sql.log import SqlLog
from reference_impl.ports import Answer, Appended, LogUnavailable, Refused
from reference_impl.protocol import problem
from reference_impl.protocol.cursor import Cursor
from reference_impl.protocol.events import Draft, Event, EventKind, Review

CLOSE_S = 3.0
STREAMS_MAX = 1_000
TERMS_MAX = 10_000  # remembered; one that is forgotten is asked for again

_FULL, _IN_SQL = "full", "?"


class HotLog:
    """Over the log in SQL, whose database ``durable`` shares; ``placed`` hears of streams with something to archive."""

    def __init__(
        self, sql: SqlLog, durable: Durable, window: Window, archive: Archive, placed: Callable[[str], None]
    ) -> None:
        self._sql = sql
        self._durable = durable
        self._window = window
        self._archive = archive
        self.placed = placed
        self._terms: dict[str, int] = {}

    @property
    def epoch(self) -> int:
        return self._sql.epoch

    async def append(self, drafts: Sequence[Draft]) -> list[Answer]:
        """Comments of one stream keep their order; when one stream cannot take its own, LogUnavailable is for all."""
        by_stream: dict[str, list[int]] = {}
        for number, draft in enumerate(drafts):
            by_stream.setdefault(draft.stream, []).append(number)
        done = await asyncio.gather(
            *(self._append(stream, [drafts[number] for number in numbers]) for stream, numbers in by_stream.items()),
            return_exceptions=True,
        )
        answers: dict[int, Answer] = {}
        for numbers, outcome in zip(by_stream.values(), done, strict=True):
            if isinstance(outcome, BaseException):
                raise outcome
            answers.update(zip(numbers, outcome, strict=True))
        return [answers[number] for number in range(len(drafts))]

    async def read(self, stream: str, *, first: int, last: int) -> list[Event]:
        """What Redis has no more is in SQL, so Redis is asked first."""
        try:
            recent = await self._recent(stream, first, last)
        except LogUnavailable:  # of Redis; what is asked for may be in SQL
            events = await self._sql.read(stream, first=first, last=last)
            if events and events[-1].seq == last:
                return events
            raise
        if recent and recent[0].seq == first:
            return recent
        earlier = await self._sql.read(stream, first=first, last=recent[0].seq - 1 if recent else last)
        return [*earlier, *recent]

    async def _recent(self, stream: str, first: int, last: int) -> list[Event]:
        recent: list[Event] = []
        at = first
        while at <= last and (taken := await self._taken(stream, at, last)) and taken.entries:
            recent += [entry.event for entry in taken.entries]
            at = recent[-1].seq + 1
        return recent

    async def heads(self, names: Sequence[str]) -> dict[str, int]:
        epoch, owners = await self._durable.owners(names)
        self._seen(epoch)
        heads = {name: owners[name].head if name in owners else 0 for name in names}
        hot = [name for name in names if name in owners and owners[name].open]
        for name, taken in zip(hot, await asyncio.gather(*(self._taken(name, 1, 0, 0) for name in hot)), strict=True):
            heads[name] = taken.head if taken else (await self._sql.heads([name]))[name]
        return heads

    async def replay(self, draft: Draft) -> Answer | None:
        known = await self._window.known(draft)
        if known is None or known == _IN_SQL:
            return await self._sql.replay(draft)
        return await self._answer(draft, known, self.epoch)

    async def close(self) -> None:
        await self.release()
        await self._sql.close()

    async def release(self) -> None:
        """Give all streams back to SQL, as far as that can be done now: the next server may be a log-first one."""
        with suppress(LogUnavailable, TimeoutError):
            async with asyncio.timeout(CLOSE_S):
                for stream in await self._durable.open_names("", STREAMS_MAX):
                    await self._archive.settle(stream)
        await self._window.close()

    async def _append(self, stream: str, drafts: list[Draft]) -> list[Answer]:
        answers: list[Answer] = []
        for plain, run in groupby(drafts, _plain):
            append = self._place if plain else self._store
            answers += await append(stream, list(run))
        return answers

    async def _store(self, stream: str, drafts: list[Draft]) -> list[Answer]:
        """Append what is done in SQL. Its keys are made known to Redis first, where plain comments look for theirs."""
        await self._window.refer(stream, drafts)
        for attempt in range(TRIES):
            done = await self._durable.append(drafts)
            if done is not None:
                self._seen(done[0])
                return done[1]
            await self._settle(stream, attempt)
        raise changing_hands(stream)

    async def _place(self, stream: str, drafts: list[Draft]) -> list[Answer]:
        """Give plain comments their places in Redis."""
        answers: dict[int, Answer] = {}
        left, looked_up = list(range(len(drafts))), False
        for attempt in range(TRIES):
            term = await self._term(stream)
            if term is None:
                return await self._store(stream, drafts)
            wanted = [drafts[number] for number in left]
            reply = await self._window.append(stream, term, wanted, looked_up=looked_up)
            if reply.standing is not Standing.OPEN:
                await self._mend(stream, reply.standing, attempt)
                continue
            self._seen(reply.epoch)
            self.placed(stream)
            in_sql = []
            for number, text in zip(left, reply.answers, strict=True):
                if text == _IN_SQL:
                    in_sql.append(number)
                else:
                    answers[number] = await self._answer(drafts[number], text, reply.epoch)
            left, looked_up = await self._look_up(drafts, in_sql, answers), True
            if not left:
                return [answers[number] for number in range(len(drafts))]
        raise changing_hands(stream)

    async def _look_up(self, drafts: list[Draft], numbers: list[int], answers: dict[int, Answer]) -> list[int]:
        """Answer the drafts whose keys SQL knows, and say which it does not know."""
        if not numbers:
            return []
        found = await self._durable.replays([drafts[number] for number in numbers])
        answers.update({number: answer for number, answer in zip(numbers, found, strict=True) if answer})
        return [number for number in numbers if number not in answers]

    async def _answer(self, draft: Draft, text: str, epoch: int) -> Answer:
        """What the script said, as the log says it."""
        if text == _FULL:
            return Refused(problem.OVERLOADED, "the window is full until the archive has caught up")
        first, _, rest = text.partition(":")
        if text.startswith("+"):
            event = Event.of(draft, Cursor(epoch, int(first)), int(rest))
            return Appended(event, announced=self._window.config.announces)
        key = key_of(draft)
        if key is None or key[1].hex() != first:
            return Refused(problem.KEY_REUSED, "the first request was another one")
        (event,) = await self.read(draft.stream, first=int(rest), last=int(rest))
        return Appended(event, replayed=True)

    async def _term(self, stream: str) -> int | None:
        """The term in which Redis has the stream, which it is given if need be; None: it takes no comments."""
        if stream in self._terms:
            return self._terms[stream]
        opening = await self._durable.open(stream)
        if opening is None:
            return None
        if opening.made:
            await self._window.open(opening, stream)
        self._seen(opening.epoch)
        if len(self._terms) >= TERMS_MAX:
            self._terms.clear()
        self._terms[stream] = opening.term
        return opening.term

    async def _taken(self, stream: str, first: int, last: int, limit: int = READ_MAX) -> Taken | None:
        """A stretch of the window as it is; None when all of the stream is in SQL."""
        for attempt in range(TRIES):
            taken = await self._window.take(stream, first, last, limit)
            if taken.standing is Standing.OPEN:
                self._seen(taken.epoch)
                return taken
            epoch, owners = await self._durable.owners([stream])
            self._seen(epoch)
            if stream not in owners or not owners[stream].open:
                return None
            await self._mend(stream, taken.standing, attempt)
        raise changing_hands(stream)

    async def _mend(self, stream: str, standing: Standing, attempt: int) -> None:
        """Redis has not the stream as it should: somebody is about to change that, or has died over it."""
        self._terms.pop(stream, None)
        if standing is Standing.DOUBT or attempt >= PATIENT:
            await self._settle(stream, attempt)
        elif standing is not Standing.OTHER:
            await asyncio.sleep(PAUSE_S)

    async def _settle(self, stream: str, attempt: int) -> None:
        self._terms.pop(stream, None)
        epoch = await self._archive.settle(stream)
        if epoch is not None:
            self._seen(epoch)
        elif attempt:
            await asyncio.sleep(PAUSE_S)

    def _seen(self, epoch: int) -> None:
        self._sql.epoch = max(self._sql.epoch, epoch)


def _plain(draft: Draft) -> bool:
    """A comment that concerns nothing which is there already."""
    return draft.kind is EventKind.COMMENT and draft.target is None and draft.review is Review.NONE
