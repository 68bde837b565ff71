"""The first layer: block list, links, repeated text, floods of emoji or capitals. Pure, and in microseconds."""

import re

from reference_impl.moderation.normalise import matcher, normalise
from reference_impl.moderation.verdict import ALLOWED, Decision, Submission, Verdict
from reference_impl.policy.repetition import Repetition, RepetitionConfig
from reference_impl.protocol.text import EMOJI

CAPITALS_FROM = 20  # letters; shorter shouts are part of any match

# With a scheme or www, or a bare host with a path or one of the endings that people paste: "3.5" and "gg.wp" are none.
_LINK = re.compile(
    r"(?:https?://|\bwww\.)\S|\b[a-z0-9-]{2,}\.(?:[a-z]{2,}/\S|(?:com|org|net|io|gg|tv|ru|xyz|info|me|co|app|link|live|shop)\b)",
    re.IGNORECASE,
)


class RulesLayer:
    def __init__(self, repetition: RepetitionConfig) -> None:
        self._repetition = Repetition(repetition)

    async def review(self, submission: Submission, now: float) -> Verdict:
        return self.judge(submission, now)

    def accepted(self, submission: Submission, now: float) -> None:
        if submission.rules.repeated is not Decision.ALLOW or submission.rules.unique_chat:
            self._repetition.record(_repeater(submission), submission.text.casefold(), now)

    def judge(self, submission: Submission, now: float) -> Verdict:
        """The strictest of what the stream's rules say."""
        if submission.trusted:
            return ALLOWED
        found = [
            verdict
            for verdict in (_mode(submission), _blocked(submission), self._repeated(submission, now))
            if verdict is not None
        ]
        found += (*_links(submission), *_floods(submission))
        denials = (verdict for verdict in found if verdict.decision is Decision.DENY)
        holds = (verdict for verdict in found if verdict.decision is Decision.HOLD)
        return next(denials, None) or next(holds, ALLOWED)

    def _repeated(self, submission: Submission, now: float) -> Verdict | None:
        rules = submission.rules
        decision = Decision.DENY if rules.unique_chat else rules.repeated
        if decision is Decision.ALLOW:
            return None
        if not self._repetition.repeats(_repeater(submission), submission.text.casefold(), now):
            return None
        window_s = self._repetition.config.window_s
        detail = f"the same text was posted less than {window_s:g} s ago"
        return Verdict(decision=decision, reason="repeated", detail=detail)


def _repeater(submission: Submission) -> str:
    return submission.stream if submission.rules.unique_chat else f"{submission.stream}\0{submission.author}"


def _mode(submission: Submission) -> Verdict | None:
    if not submission.rules.emote_only or not EMOJI.sub("", submission.text).strip():
        return None
    return Verdict(decision=Decision.DENY, reason="emote-only", detail="the stream takes only emoji just now")


def _blocked(submission: Submission) -> Verdict | None:
    rules = submission.rules
    if not rules.blocked_terms or rules.blocked is Decision.ALLOW:
        return None
    pattern = matcher(rules.blocked_terms)
    if pattern is None or not pattern.search(normalise(submission.text)):
        return None
    # The term is not named: the refusal would teach how to get around the list.
    return Verdict(decision=rules.blocked, reason="blocked-term", detail="a term of the stream's block list")


def _links(submission: Submission) -> list[Verdict]:
    if submission.rules.links is Decision.ALLOW or not _LINK.search(submission.text):
        return []
    return [Verdict(decision=submission.rules.links, reason="link", detail="the stream takes no links")]


def _floods(submission: Submission) -> list[Verdict]:
    rules, text = submission.rules, submission.text
    if rules.floods is Decision.ALLOW:
        return []
    found = []
    if not text.isascii() and len(text) > rules.emoji_max and not rules.emote_only:
        count = len(EMOJI.findall(text))
        if count > rules.emoji_max:
            detail = f"{count} emoji, at most {rules.emoji_max} are allowed"
            found.append(Verdict(decision=rules.floods, reason="emoji-flood", detail=detail))
    if len(text) >= CAPITALS_FROM and (share := _capitals_share(text)) > rules.capitals_share_max:
        detail = f"{share:.0%} capitals, at most {rules.capitals_share_max:.0%} are allowed in a long text"
        found.append(Verdict(decision=rules.floods, reason="caps-flood", detail=detail))
    return found


def _capitals_share(text: str) -> float:
    upper = sum(map(str.isupper, text))
    cased = upper + sum(map(str.islower, text))
    return upper / cased if cased >= CAPITALS_FROM else 0.0
