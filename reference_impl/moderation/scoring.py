"""What a scorer's answer does to a comment, and what is done without one. Pure.

A scorer, be it a model or somebody's service, says how likely a text is to be harmful. It may be slow and it may be
away, so it is said beforehand what a comment does meanwhile:

    a comment                                                   | an answer that comes afterwards
    ------------------------------------------------------------|-------------------------------------------------
    waits for `timeout_s` at most; without an answer `fallback` | takes back what was shown, lets in what was held
    is shown at once, and asked about afterwards                | takes back what was shown

Failing open (`allow`) and failing closed (`hold`, `deny`) are both somebody's choice, and never hidden: a verdict that
was given without the scorer says so.
"""

from dataclasses import dataclass
from enum import StrEnum

from reference_impl.moderation.verdict import ALLOWED, Verdict
from reference_impl.protocol.streams import Action

UNSCORED = "unscored"  # the reason of a fallback


class Correction(StrEnum):
    """What a score that comes afterwards changes."""

    NONE = "none"
    REMOVE = "remove"  # it was shown
    RELEASE = "release"  # it was held for want of a score
    REJECT = "reject"  # the same, and now it is known to be bad


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoringConfig:
    """Scores are 0 to 1; ``timeout_s`` is of one question to the scorer."""

    waits: bool = True  # False: a comment is out before anybody asks
    timeout_s: float = 0.2
    fallback: Action = Action.ALLOW
    behind_s: float = 30.0  # after which a comment that is out is not asked about any more
    hold_from: float = 0.7
    deny_from: float = 0.9

    def __post_init__(self) -> None:
        if not 0 < self.hold_from <= self.deny_from <= 1:
            raise ValueError(f"need 0 < hold_from <= deny_from <= 1, got {self.hold_from:g} and {self.deny_from:g}")
        if not (self.timeout_s > 0 and self.behind_s > 0):
            raise ValueError(f"timeout_s and behind_s must be > 0, got {self.timeout_s:g} and {self.behind_s:g}")


class Scoring:
    def __init__(self, config: ScoringConfig) -> None:
        self.config = config

    def judged(self, score: float) -> Verdict:
        """What a score means."""
        if score < self.config.hold_from:
            return ALLOWED
        action = Action.DENY if score >= self.config.deny_from else Action.HOLD
        return Verdict(action=action, reason="score", detail=f"a score of {score:.2f}")

    def unanswered(self) -> Verdict:
        """The verdict of a comment that has waited in vain, or could not even be asked about."""
        detail = f"no score within {self.config.timeout_s:g} s"
        return Verdict(action=self.config.fallback, reason=UNSCORED, detail=detail)

    def corrected(self, given: Verdict, score: float) -> Correction:
        """What is to be done about a comment whose score comes after its verdict.

        What is out cannot be held, so a score that would have held it takes it back; who was refused has been told.
        """
        fine = self.judged(score).action is Action.ALLOW
        if given.action is Action.ALLOW:
            return Correction.NONE if fine else Correction.REMOVE
        if given.action is Action.HOLD and given.reason == UNSCORED:
            return Correction.RELEASE if fine else Correction.REJECT
        return Correction.NONE
