"""The moderation step: what it is asked, what it answers, and the pipeline of layers behind it."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol


class Decision(StrEnum):
    ALLOW = "allow"
    HOLD = "hold"
    DENY = "deny"


_STRICTNESS = {decision: rank for rank, decision in enumerate(Decision)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """What the first layer does with a stream's comments."""

    blocked_terms: tuple[str, ...] = ()
    blocked: Decision = Decision.DENY
    links: Decision = Decision.ALLOW
    repeated: Decision = Decision.DENY
    floods: Decision = Decision.HOLD
    emoji_max: int = 20  # in one comment
    capitals_share_max: float = 0.8  # of the letters of a text that has at least CAPITALS_FROM of them
    unique_chat: bool = False  # nobody repeats anybody
    emote_only: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """``reason`` is a stable name for programs, ``detail`` a sentence with what was seen and what is allowed."""

    decision: Decision
    reason: str = ""
    detail: str = ""
    layer: str = "rules"


ALLOWED = Verdict(decision=Decision.ALLOW)


@dataclass(frozen=True, slots=True, kw_only=True)
class Submission:
    """A comment to be judged; the text is clean already, ``trusted`` ones are a moderator's."""

    stream: str
    author: str
    text: str
    rules: Rules
    trusted: bool = False


class Layer(Protocol):
    """One way of judging; a slower one (a model, a person) has its own budget and fallback."""

    async def review(self, submission: Submission, now: float) -> Verdict: ...

    def accepted(self, submission: Submission, now: float) -> None:
        """The comment was stored."""
        ...


class Pipeline:
    """The strictest verdict of all layers; a denial ends the matter at once."""

    def __init__(self, layers: Sequence[Layer]) -> None:
        self._layers = tuple(layers)

    async def review(self, submission: Submission, now: float) -> Verdict:
        worst = ALLOWED
        for layer in self._layers:
            verdict = await layer.review(submission, now)
            if _STRICTNESS[verdict.decision] > _STRICTNESS[worst.decision]:
                worst = verdict
            if worst.decision is Decision.DENY:
                break
        return worst

    def accepted(self, submission: Submission, now: float) -> None:
        for layer in self._layers:
            layer.accepted(submission, now)
