"""The moderation step: what it is asked, what it answers, and the pipeline of layers behind it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from reference_impl.protocol.streams import Action, StreamSettings

_STRICTNESS = {action: rank for rank, action in enumerate(Action)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """``reason`` is a stable name for programs, ``detail`` a sentence with what was seen and what is allowed."""

    action: Action
    reason: str = ""
    detail: str = ""


ALLOWED = Verdict(action=Action.ALLOW)


@dataclass(frozen=True, slots=True, kw_only=True)
class Submission:
    """A comment to be judged; the text is clean already, ``trusted`` ones are a moderator's.

    An ``edit`` is of a comment that is out already: saying the same again is no repeat. ``comment`` is the id that it
    will have, if it is to be stored.
    """

    stream: str
    author: str
    text: str
    settings: StreamSettings
    trusted: bool = False
    edit: bool = False
    comment: str = ""


class Layer(Protocol):
    """One way of judging, at once and from memory."""

    def judge(self, submission: Submission, now: float) -> Verdict: ...

    def accepted(self, submission: Submission, now: float) -> None:
        """The comment was stored."""
        ...


class Moderation(Protocol):
    """The moderation step, as the write path knows it; what is behind it may take its time."""

    async def review(self, submission: Submission, now: float) -> Verdict: ...

    def accepted(self, submission: Submission, now: float) -> None: ...


class Pipeline:
    """The strictest verdict of all layers; a denial ends the matter at once."""

    def __init__(self, layers: Sequence[Layer]) -> None:
        self._layers = tuple(layers)

    async def review(self, submission: Submission, now: float) -> Verdict:
        return self.judge(submission, now)

    def judge(self, submission: Submission, now: float) -> Verdict:
        worst = ALLOWED
        for layer in self._layers:
            verdict = layer.judge(submission, now)
            if _STRICTNESS[verdict.action] > _STRICTNESS[worst.action]:
                worst = verdict
            if worst.action is Action.DENY:
                break
        return worst

    def accepted(self, submission: Submission, now: float) -> None:
        for layer in self._layers:
            layer.accepted(submission, now)
