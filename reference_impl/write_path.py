"""The use case 'post a comment': clean, admit, append durably, answer with the whole comment."""

from collections.abc import Callable

from reference_impl.group_commit import GroupCommit
from reference_impl.policy.rate import RateLimiter
from reference_impl.ports import Appended, Clock, KeyReused, LogUnavailable
from reference_impl.protocol import problem
from reference_impl.protocol.events import Draft
from reference_impl.protocol.problem import Problem
from reference_impl.protocol.text import NAME_MAX, clean_text

RETRY_AFTER_S = 1.0  # what a caller is told when the log or its queue has no room


class WritePath:
    """Refusals are raised as `Problem`; nothing is stored then, except where the problem is not definite."""

    def __init__(
        self,
        commits: GroupCommit,
        limiter: RateLimiter,
        *,
        clock: Clock,
        wall_clock: Clock,
        new_id: Callable[[], str],
    ) -> None:
        self._commits = commits
        self._limiter = limiter
        self._clock = clock
        self._wall_clock = wall_clock
        self._new_id = new_id
        self._in_flight: set[tuple[str, str, str]] = set()

    async def post(self, stream: str, author: str, text: str, key: str | None, received_s: float) -> Appended:
        """Store a comment; the answer comes after it is durable."""
        draft = self._draft(stream, author, text, key)
        scope = (stream, draft.author, key) if key is not None else None
        if scope in self._in_flight:
            raise Problem(problem.IN_FLIGHT, "wait for the first request's answer, or repeat this one later", 1.0)
        self._admit(draft.author)
        if scope is None:
            return await self._append(draft, received_s)
        self._in_flight.add(scope)
        try:
            return await self._append(draft, received_s)
        finally:
            self._in_flight.discard(scope)

    def _draft(self, stream: str, author: str, text: str, key: str | None) -> Draft:
        try:
            clean_author, clean = clean_text(author, NAME_MAX), clean_text(text)
        except ValueError as error:
            raise Problem(problem.INVALID_TEXT, str(error)) from error
        return Draft(
            stream=stream,
            id=self._new_id(),
            author=clean_author,
            text=clean,
            created_at_ms=int(self._wall_clock() * 1000),
            idempotency_key=key,
        )

    def _admit(self, author: str) -> None:
        now = self._clock()
        admission = self._limiter.admit(author, now)
        if not admission.admitted:
            config = self._limiter.config
            detail = f"an author may post {config.burst} comments in {config.period_s:g} s"
            raise Problem(problem.RATE_LIMITED, detail, admission.retry_at - now)

    async def _append(self, draft: Draft, received_s: float) -> Appended:
        answer = self._commits.submit(draft, received_s)
        if answer is None:
            raise Problem(problem.OVERLOADED, "the log's queue is full", RETRY_AFTER_S)
        try:
            return await answer
        except KeyReused as error:
            raise Problem(problem.KEY_REUSED, "the first request with this key had another text") from error
        except LogUnavailable as error:
            raise Problem(problem.LOG_UNAVAILABLE, str(error), RETRY_AFTER_S) from error
