"""The moderation step with a scorer behind the rules, asked through a guard; what follows is `Scoring`'s to say.

    the rules let it pass --> waits: asked once --> the score's verdict, or the fallback when none has come in time
                         \\-> does not wait: out at once, and asked about until there is a score or it is too old

A score that comes after its comment's verdict is acted on by `Correct`. An edit always waits, since nobody looks at it
afterwards: an edit that would be held is refused, and a score that comes too late for it changes nothing.
"""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, Protocol

from reference_impl.background import end
from reference_impl.guard import Guard, Refusal
from reference_impl.moderation.scoring import Correction, Scoring
from reference_impl.moderation.verdict import ALLOWED, Pipeline, Submission, Verdict
from reference_impl.policy.deadline import Deadline
from reference_impl.ports import Clock, LogUnavailable
from reference_impl.protocol.streams import Action


class Scorer(Protocol):
    """Says how likely a text is to be harmful."""

    async def score(self, stream: str, author: str, text: str) -> float:
        """Answer 0 to 1; ScorerUnavailable says why not."""
        ...


class ScorerUnavailable(LogUnavailable):
    """The scorer did not answer, or what it answered is no score; to a guard it is as a log that is away."""


BEHIND_MAX = 10_000  # comments that are out and asked about; further ones stay as they are
AGAIN_S = 1.0  # between two questions about the same comment, when the scorer was asked and did not answer

Correct = Callable[[str, str, Correction], Awaitable[None]]
"""Acts on a comment of a stream."""


class Scored:
    def __init__(
        self, rules: Pipeline, scorer: Scorer, scoring: Scoring, guard: Guard, correct: Correct, clock: Clock
    ) -> None:
        self._rules = rules
        self._scorer = scorer
        self._scoring = scoring
        self._guard = guard
        self._correct = correct
        self._clock = clock
        self._tasks: set[asyncio.Task[None]] = set()

    async def review(self, submission: Submission, now: float) -> Verdict:
        verdict = self._rules.judge(submission, now)
        if verdict.action is not Action.ALLOW or submission.trusted:
            return verdict
        if self._scoring.config.waits or submission.edit:
            return await self._wait(submission)
        if len(self._tasks) < BEHIND_MAX:
            self._start(self._follow(submission))
        return verdict

    def accepted(self, submission: Submission, now: float) -> None:
        self._rules.accepted(submission, now)

    async def close(self) -> None:
        """What has no score yet stays as it is."""
        await end(self._tasks)

    async def _wait(self, submission: Submission) -> Verdict:
        given = self._scoring.unanswered()
        try:
            score = await self._guard.once(
                self._question(submission), lambda late: self._heard(submission, given, late)
            )
        except LogUnavailable:
            return given
        return self._scoring.judged(score)

    async def _follow(self, submission: Submission) -> None:
        """Ask until somebody has heard an answer, be it to a question that had been given up."""
        deadline, scores = Deadline.after(self._scoring.config.behind_s, self._clock()), list[float]()

        def heard(score: float) -> None:
            if not scores:
                self._heard(submission, ALLOWED, score)
            scores.append(score)

        while not scores:
            try:
                heard(await self._guard.once(self._question(submission), heard))
            except LogUnavailable as error:
                again_s = error.retry_after_s if isinstance(error, Refusal) else AGAIN_S
                if not deadline.allows(again_s, self._clock()):
                    return
                await asyncio.sleep(again_s)

    def _question(self, submission: Submission) -> Callable[[], Awaitable[float]]:
        return lambda: self._scorer.score(submission.stream, submission.author, submission.text)

    def _heard(self, submission: Submission, given: Verdict, score: float) -> None:
        """A score has come after the verdict."""
        correction = self._scoring.corrected(given, score)
        if correction is not Correction.NONE and submission.comment:
            self._start(self._apply(submission, correction))

    async def _apply(self, submission: Submission, correction: Correction) -> None:
        await self._correct(submission.stream, submission.comment, correction)

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
