"""The use case 'post a comment': authorise, clean, admit, moderate, append durably, answer with the whole comment.

A refusal is a `Problem`; nothing is stored then, except where the problem is not definite.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

from reference_impl.access import require
from reference_impl.admission import Admissions, Ticket
from reference_impl.auth.identity import Capability, Identity
from reference_impl.brownout import Brownout
from reference_impl.catalog import Catalog
from reference_impl.group_commit import Commits, Outcome
from reference_impl.guard import Refusal
from reference_impl.moderation.verdict import Moderation, Submission
from reference_impl.ports import Appended, Clock, CommentLog, Held, LogUnavailable, Refused
from reference_impl.protocol import problem
from reference_impl.protocol.events import Draft, Review, author_data, comment_data
from reference_impl.protocol.problem import Problem
from reference_impl.protocol.streams import HOST, MODERATOR, Action, Profile, Stream
from reference_impl.protocol.text import NAME_MAX, TEXT_MAX, clean_text, mentions_in

RETRY_AFTER_S = 1.0  # what a caller is told when the log or its queue has no room


@dataclass(frozen=True, slots=True)
class NewComment:
    """A comment as asked for; ``author`` is set when somebody posts for another (needs `admin`)."""

    text: str
    parent: str | None = None
    author: Profile | None = None
    key: str | None = None
    room: str | None = None  # where it was written, if its author named one
    role: str | None = None  # of an author for whom somebody else posts


@dataclass(frozen=True, slots=True)
class Posted:
    """The answer to a post, and the header fields that tell its author of the rate."""

    answer: Appended | Held
    fields: dict[str, str]


@dataclass(frozen=True, slots=True)
class _Admitted:
    """A draft with all that the log's answer has consequences for."""

    draft: Draft
    ticket: Ticket | None
    submission: Submission


_REFUSED_TO_REPEATS = (problem.RATE_LIMITED, problem.SLOW_MODE, problem.DENIED)
"""What a repeated request must not be told: its first one was admitted."""


class WritePath:
    def __init__(
        self,
        log: CommentLog,
        commits: Commits,
        catalog: Catalog,
        admissions: Admissions,
        moderation: Moderation,
        *,
        clock: Clock,
        wall_clock: Clock,
        new_id: Callable[[], str],
        brownout: Brownout | None = None,
    ) -> None:
        self._log = log
        self._commits = commits
        self._catalog = catalog
        self._admissions = admissions
        self._moderation = moderation
        self._clock = clock
        self._wall_clock = wall_clock
        self._new_id = new_id
        self._brownout = brownout
        self._in_flight: set[tuple[str, str, str]] = set()

    async def post(self, stream: str, identity: Identity | None, new: NewComment, received_s: float) -> Posted:
        """Store a comment; the answer comes after it is durable."""
        self._require_open()
        where, who = await self._catalog.author(stream, identity)
        admitted = await self._admit(where, who, new, trusted=False)
        if isinstance(admitted, Appended | Held):
            return Posted(admitted, {})
        try:
            promise = self._commits.submit(admitted.draft, received_s)
            if promise is None:
                raise self._no_room([admitted])
            answer = self._settle(admitted, await promise)
        finally:
            self._in_flight.discard(_scope(admitted.draft))
        return Posted(answer, admitted.ticket.fields if admitted.ticket else {})

    async def post_all(
        self, stream: str, identity: Identity | None, news: Sequence[NewComment], received_s: float, *, trusted: bool
    ) -> list[Appended | Held | Problem]:
        """Store many comments; each has an answer of its own. ``trusted`` ones have been admitted elsewhere."""
        self._require_open()
        where, who = await self._catalog.author(stream, identity)
        if trusted:
            require(identity, Capability.ADMIN, stream)
        tried = [await self._try(where, who, new, trusted=trusted) for new in news]
        admitted = [each for each in tried if isinstance(each, _Admitted)]
        try:
            promise = self._commits.submit_all([each.draft for each in admitted], received_s) if admitted else None
            if admitted and promise is None:
                raise self._no_room(admitted)
            outcomes = iter(await promise) if promise else iter(())
        finally:
            self._in_flight.difference_update(_scope(each.draft) for each in admitted)
        return [self._try_settle(each, next(outcomes)) if isinstance(each, _Admitted) else each for each in tried]

    def turn_away(self) -> Problem | None:
        """Why a request to post is refused, whoever sends it and whatever it says; None while comments are taken.

        It asks nothing of the request, so that refusing can come before anything is done for it.
        """
        if self._brownout is None or not self._brownout.refuses():
            return None
        detail = "the server has more to do than it can: comments are shown, and none are taken for now"
        return Problem(problem.READ_ONLY, detail, self._brownout.config.ladder.down_after_s)

    def _require_open(self) -> None:
        if (refusal := self.turn_away()) is not None:
            raise refusal

    async def _try(
        self, where: Stream, who: Identity, new: NewComment, *, trusted: bool
    ) -> _Admitted | Appended | Held | Problem:
        try:
            return await self._admit(where, who, new, trusted=trusted)
        except Problem as refusal:
            return refusal
        except LogUnavailable as error:  # one item's, while those before it are under way
            return unavailable(error)

    async def _admit(
        self, where: Stream, who: Identity, new: NewComment, *, trusted: bool
    ) -> _Admitted | Appended | Held:
        """Everything that can be said of a comment without the log; on success its key is in flight.

        A repeat of an admitted request is no second comment, so no limit and no rule applies: it has its first answer.
        """
        author = new.author or await self._catalog.profile(who)
        if new.author is not None:
            require(who, Capability.ADMIN, where.name)
            author = _clean_author(author)
        text = clean_comment(new.text)
        if new.key is not None and (where.name, author.user, new.key) in self._in_flight:
            raise Problem(problem.IN_FLIGHT, "wait for the first request's answer, or repeat this one later", 1.0)
        moderator = new.author is None and who.may(Capability.MODERATE, where.name)
        draft = self._draft(where.name, author, text, new, new.role if new.author else _role(where, who))
        try:
            admitted = await self._judge(where, draft, moderator=moderator, trusted=trusted)
        except Problem as refusal:
            if new.key is None or refusal.kind not in _REFUSED_TO_REPEATS:
                raise
            first = await self._log.replay(draft)
            if first is None:
                raise
            return answered(first)
        if new.key is not None:
            self._in_flight.add(_scope(draft))
        return admitted

    async def _judge(self, where: Stream, draft: Draft, *, moderator: bool, trusted: bool) -> _Admitted:
        """The limits, then the rules."""
        now = self._clock()
        ticket = None if trusted else self._admissions.admit(draft.author, where, now, moderator=moderator)
        submission = Submission(
            stream=where.name, author=draft.author, text=draft.data["text"], settings=where.settings,
            trusted=trusted or moderator, comment=draft.id,
        )  # fmt: skip
        verdict = await self._moderation.review(submission, now)
        if verdict.action is Action.DENY:
            if ticket is not None:
                self._admissions.forgive_slow_mode(ticket)
            raise Problem(problem.DENIED, f"{verdict.reason}: {verdict.detail}")
        if verdict.action is Action.HOLD:
            draft = replace(draft, data={**draft.data, "reason": verdict.reason}, review=Review.HOLD)
        return _Admitted(draft, ticket, submission)

    def _draft(self, stream: str, author: Profile, text: str, new: NewComment, role: str | None) -> Draft:
        shown = author_data(author.user, author.name, author.avatar, author.badges)
        return Draft(
            stream=stream,
            id=self._new_id(),
            author=author.user,
            created_at_ms=int(self._wall_clock() * 1000),
            data=comment_data(shown, text, mentions_in(text), role=role, room=new.room),
            target=new.parent,
            idempotency_key=new.key,
        )

    def _no_room(self, admitted: Sequence[_Admitted]) -> Problem:
        """The queue is full: nobody pays for what was not taken."""
        for each in admitted:
            if each.ticket is not None:
                self._admissions.refund(each.ticket)
        return overloaded()

    def _try_settle(self, admitted: _Admitted, outcome: Outcome) -> Appended | Held | Problem:
        try:
            return self._settle(admitted, outcome)
        except Problem as refusal:
            return refusal

    def _settle(self, admitted: _Admitted, outcome: Outcome) -> Appended | Held:
        """What the log's word means for the author, and for the limits."""
        if isinstance(outcome, Appended | Held) and not outcome.replayed:
            self._moderation.accepted(admitted.submission, self._clock())
            return outcome
        if admitted.ticket is not None:
            self._admissions.refund(admitted.ticket)
        return answered(outcome)


def answered(outcome: Outcome) -> Appended | Held:
    """The log's answer, or the problem that it is."""
    if isinstance(outcome, Refused):
        raise Problem(outcome.kind, outcome.detail)
    if isinstance(outcome, LogUnavailable):
        raise unavailable(outcome)
    return outcome


def overloaded() -> Problem:
    return Problem(problem.OVERLOADED, "the log's queue is full", RETRY_AFTER_S)


def unavailable(error: LogUnavailable) -> Problem:
    retry_after_s = error.retry_after_s if isinstance(error, Refusal) else RETRY_AFTER_S
    return Problem(problem.LOG_UNAVAILABLE, str(error), retry_after_s)


def _clean_author(author: Profile) -> Profile:
    name = clean_name(author.name)
    return author if name == author.name else replace(author, name=name)


def _role(where: Stream, who: Identity) -> str | None:
    """Whose comments everybody is shown."""
    if who.user == where.owner:
        return HOST
    return MODERATOR if who.may(Capability.MODERATE, where.name) else None


def _scope(draft: Draft) -> tuple[str, str, str]:
    return (draft.stream, draft.author, draft.idempotency_key or "")


def clean_comment(text: str, longest: int = TEXT_MAX) -> str:
    """A text as it is stored."""
    try:
        return clean_text(text, longest)
    except ValueError as error:
        raise Problem(problem.INVALID_TEXT, str(error)) from error


@lru_cache(maxsize=4096)
def clean_name(name: str) -> str:
    """A display name as it is stored."""
    return clean_comment(name, NAME_MAX)
