"""What a scorer's answer does to a comment, and what is done without one."""

import pytest

from reference_impl.moderation.scoring import UNSCORED, Correction, Scoring, ScoringConfig
from reference_impl.moderation.verdict import ALLOWED, Verdict
from reference_impl.protocol.streams import Action

FINE, DOUBTFUL, BAD = 0.1, 0.75, 0.95


@pytest.mark.parametrize(
    ("score", "action"),
    [(0.0, Action.ALLOW), (0.699, Action.ALLOW), (0.7, Action.HOLD), (0.899, Action.HOLD), (0.9, Action.DENY)],
)
def test_a_score_is_a_verdict_from_its_threshold_on(score: float, action: Action) -> None:
    assert Scoring(ScoringConfig()).judged(score).action is action


@pytest.mark.parametrize("fallback", Action)
def test_a_verdict_without_a_score_is_the_declared_one_and_says_so(fallback: Action) -> None:
    given = Scoring(ScoringConfig(fallback=fallback, timeout_s=0.1)).unanswered()
    assert (given.action, given.reason) == (fallback, UNSCORED)
    assert given.detail == "no score within 0.1 s"


@pytest.mark.parametrize(
    ("fallback", "score", "correction"),
    [
        (Action.ALLOW, FINE, Correction.NONE),
        (Action.ALLOW, DOUBTFUL, Correction.REMOVE),
        (Action.ALLOW, BAD, Correction.REMOVE),
        (Action.HOLD, FINE, Correction.RELEASE),
        (Action.HOLD, DOUBTFUL, Correction.REJECT),
        (Action.HOLD, BAD, Correction.REJECT),
        (Action.DENY, FINE, Correction.NONE),
        (Action.DENY, BAD, Correction.NONE),
    ],
)
def test_a_late_score_corrects_what_was_done_without_it(fallback: Action, score: float, correction: Correction) -> None:
    scoring = Scoring(ScoringConfig(fallback=fallback))
    assert scoring.corrected(scoring.unanswered(), score) is correction


def test_who_does_not_wait_is_taken_back_and_never_released() -> None:
    scoring = Scoring(ScoringConfig(waits=False))
    assert scoring.corrected(ALLOWED, BAD) is Correction.REMOVE
    assert scoring.corrected(ALLOWED, FINE) is Correction.NONE


def test_what_a_rule_has_held_no_score_lets_in() -> None:
    held = Verdict(action=Action.HOLD, reason="caps-flood")
    assert Scoring(ScoringConfig()).corrected(held, FINE) is Correction.NONE


@pytest.mark.parametrize(
    "wrong", [{"hold_from": 0.0}, {"hold_from": 0.95}, {"deny_from": 1.1}, {"timeout_s": 0.0}, {"behind_s": 0.0}]
)
def test_what_makes_no_sense_is_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="got"):
        ScoringConfig(**wrong)  # type: ignore[arg-type]
