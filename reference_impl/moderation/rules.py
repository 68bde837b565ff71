"""The first layer: block list, links, repeated text, floods of emoji or capitals. Pure, and in microseconds."""

import re

from reference_impl.moderation.normalise import matcher, normalise
from reference_impl.moderation.verdict import ALLOWED, Submission, Verdict
from reference_impl.policy.repetition import Repetition, RepetitionConfig
from reference_impl.protocol.streams import Action
from reference_impl.protocol.text import EMOJI

EMOJI_MAX = 20  # in one comment
CAPITALS_FROM = 20  # letters; shorter shouts are part of any match
CAPITALS_SHARE_MAX = 0.8

# With a scheme or www, or a bare host with a path or one of the endings that people paste. "3.5" and "gg.wp" are none,
# nor are bare "wp.gg" and "like.me", because these two endings are words of chat ("t.me/name" has a path).
_LINK = re.compile(
    r"(?:https?://|\bwww\.)\S"
    r"|(?<![a-z0-9-])[a-z0-9-]+\.(?:[a-z]{2,}/\S|(?:com|org|net|io|tv|ru|xyz|info|co|app|link|live|shop)\b)",
    re.IGNORECASE,
)


_UPPER, _LOWER = re.compile("[A-Z]"), re.compile("[a-z]")


class RulesLayer:
    def __init__(self, repetition: RepetitionConfig) -> None:
        self._repetition = Repetition(repetition)

    def accepted(self, submission: Submission, now: float) -> None:
        if submission.settings.rules.repeated is not Action.ALLOW or submission.settings.unique_chat:
            self._repetition.record(_repeater(submission), submission.text.casefold(), now)

    def judge(self, submission: Submission, now: float) -> Verdict:
        """The first denial, else the first reason to hold."""
        if submission.trusted:
            return ALLOWED
        worst = ALLOWED
        for verdict in (
            _mode(submission),
            _blocked(submission),
            self._repeated(submission, now),
            _link(submission),
            _emoji_flood(submission),
            _capitals_flood(submission),
        ):
            if verdict is not None and verdict.action is Action.DENY:
                return verdict
            if verdict is not None and worst is ALLOWED:
                worst = verdict
        return worst

    def _repeated(self, submission: Submission, now: float) -> Verdict | None:
        settings = submission.settings
        action = Action.DENY if settings.unique_chat else settings.rules.repeated
        if action is Action.ALLOW or submission.edit:
            return None
        if not self._repetition.repeats(_repeater(submission), submission.text.casefold(), now):
            return None
        window_s = self._repetition.config.window_s
        detail = f"the same text was posted less than {window_s:g} s ago"
        return Verdict(action=action, reason="repeated", detail=detail)


def _repeater(submission: Submission) -> str:
    return submission.stream if submission.settings.unique_chat else f"{submission.stream}\0{submission.author}"


def _mode(submission: Submission) -> Verdict | None:
    if not submission.settings.emote_only or not EMOJI.sub("", submission.text).strip():
        return None
    return Verdict(action=Action.DENY, reason="emote-only", detail="the stream takes only emoji just now")


def _blocked(submission: Submission) -> Verdict | None:
    rules = submission.settings.rules
    if not rules.blocked_terms or rules.blocked is Action.ALLOW:
        return None
    pattern = matcher(rules.blocked_terms)
    if pattern is None or not pattern.search(normalise(submission.text)):
        return None
    # The term is not named: the refusal would teach how to get around the list.
    return Verdict(action=rules.blocked, reason="blocked-term", detail="a term of the stream's block list")


def _link(submission: Submission) -> Verdict | None:
    action = submission.settings.rules.links
    if action is Action.ALLOW or not _LINK.search(submission.text):
        return None
    return Verdict(action=action, reason="link", detail="the stream takes no links")


def _emoji_flood(submission: Submission) -> Verdict | None:
    rules, text = submission.settings.rules, submission.text
    if rules.floods is Action.ALLOW or submission.settings.emote_only or len(text) <= EMOJI_MAX or text.isascii():
        return None
    count = len(EMOJI.findall(text))
    if count <= EMOJI_MAX:
        return None
    detail = f"{count} emoji, at most {EMOJI_MAX} are allowed"
    return Verdict(action=rules.floods, reason="emoji-flood", detail=detail)


def _capitals_flood(submission: Submission) -> Verdict | None:
    rules, text = submission.settings.rules, submission.text
    if rules.floods is Action.ALLOW or len(text) < CAPITALS_FROM or text.islower():
        return None
    share = _capitals_share(text)
    if share <= CAPITALS_SHARE_MAX:
        return None
    detail = f"{share:.0%} capitals, at most {CAPITALS_SHARE_MAX:.0%} are allowed in a long text"
    return Verdict(action=rules.floods, reason="caps-flood", detail=detail)


def _capitals_share(text: str) -> float:
    upper = len(_UPPER.findall(text)) if text.isascii() else sum(map(str.isupper, text))
    lower = len(_LOWER.findall(text)) if text.isascii() else sum(map(str.islower, text))
    cased = upper + lower
    return upper / cased if cased >= CAPITALS_FROM else 0.0
