"""The rules of a stream, as a layer of their own and in the pipeline."""

import asyncio
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reference_impl.moderation.rules import RulesLayer
from reference_impl.moderation.verdict import ALLOWED, Pipeline, Submission, Verdict
from reference_impl.policy.repetition import RepetitionConfig
from reference_impl.protocol.streams import Action, RuleSettings, StreamSettings

FAMILY = "\U0001f468\u200d\U0001f469\u200d\U0001f467"  # three people joined to one emoji
FLAG = "\U0001f1eb\U0001f1f7"
THUMB = "\U0001f44d\U0001f3fd"  # in a skin tone
HEART = "\u2764\ufe0f"
KEYCAP = "1\ufe0f\u20e3"
ODD_ONES = [FAMILY, FLAG, THUMB, HEART, KEYCAP]
LINKS = StreamSettings(rules=RuleSettings(links=Action.DENY))

settings = st.builds(
    StreamSettings,
    emote_only=st.booleans(),
    unique_chat=st.booleans(),
    rules=st.builds(
        RuleSettings,
        blocked_terms=st.just(()) | st.just(("bad",)),
        **{name: st.sampled_from(Action) for name in ("blocked", "links", "repeated", "floods")},
    ),
)


def comment(text: str, of: StreamSettings | None = None, author: str = "ann", stream: str = "final") -> Submission:
    return Submission(stream=stream, author=author, text=text, settings=of or StreamSettings())


def layer(window_s: float = 30.0) -> RulesLayer:
    return RulesLayer(RepetitionConfig(window_s=window_s))


def verdict(text: str, of: StreamSettings | None = None) -> tuple[Action, str]:
    found = layer().judge(comment(text, of), 0.0)
    return found.action, found.reason


@pytest.mark.parametrize("text", ["GOAL", "what a match", "see example.com", "LETS GO " + FLAG, "\u4f60\u597d"])
def test_ordinary_chat_passes_the_default_rules(text: str) -> None:
    assert layer().judge(comment(text), 0.0) == ALLOWED


def test_a_blocked_term_is_denied_and_not_named() -> None:
    blocked = StreamSettings(rules=RuleSettings(blocked_terms=("bad", "ugly")))
    found = layer().judge(comment("you b4d thing!", blocked), 0.0)
    assert (found.action, found.reason) == (Action.DENY, "blocked-term")
    assert "bad" not in found.detail
    assert layer().judge(comment("you badger", blocked), 0.0) == ALLOWED


@pytest.mark.parametrize("action", [Action.HOLD, Action.DENY])
def test_the_stream_says_what_happens_to_a_blocked_term(action: Action) -> None:
    assert verdict("bad", StreamSettings(rules=RuleSettings(blocked_terms=("bad",), blocked=action)))[0] is action


def test_a_block_list_can_be_switched_off() -> None:
    off = StreamSettings(rules=RuleSettings(blocked_terms=("bad",), blocked=Action.ALLOW))
    assert verdict("bad", off) == (Action.ALLOW, "")


@pytest.mark.parametrize(
    "text",
    [
        "http://x",
        "HTTPS://EXAMPLE.COM",
        "look at www.example.de",
        "example.com",
        "(example.org)",
        "twitch.tv",
        "bbc.co.uk",
        "x.com",
        "t.me/joinus",
        "t.co/abc",
        "discord.gg/abc",
        "youtu.be/xyz",
        "_example.com",
        "mail me: ann@example.com",
    ],
)
def test_a_link_is_found(text: str) -> None:
    assert verdict(text, LINKS) == (Action.DENY, "link")


@pytest.mark.parametrize(
    "text",
    ["gg.wp", "wp.gg", "3.5", "e.g. this", "i.e.", "10.30/11.30", "7 a.m./8 p.m.", "a.b.c", "1.2.3/4", "k.o.", "v2.0"],
)
def test_what_only_looks_like_a_link_is_none(text: str) -> None:
    assert verdict(text, LINKS) == (Action.ALLOW, "")


@pytest.mark.parametrize(
    "text", ["so good...com", "end.So what", "and/or", "like.me", "hello.communism", "www", "http://"]
)
def test_a_slip_of_the_pen_is_no_link(text: str) -> None:
    assert verdict(text, LINKS) == (Action.ALLOW, "")


def test_links_are_allowed_unless_the_stream_says_otherwise() -> None:
    assert verdict("http://example.com") == (Action.ALLOW, "")


def test_an_author_s_stored_text_is_not_taken_again_within_the_window_whatever_its_case() -> None:
    rules = layer(window_s=30)
    rules.accepted(comment("Hello"), 10.0)
    assert rules.judge(comment("HELLO"), 39.9).reason == "repeated"
    assert "30 s" in rules.judge(comment("hello"), 39.9).detail
    assert rules.judge(comment("hello"), 40.0) == ALLOWED


def test_a_text_that_was_not_stored_may_be_sent_again() -> None:
    rules = layer()
    assert [rules.judge(comment("hello"), now) for now in (0.0, 1.0)] == [ALLOWED, ALLOWED]


def test_others_and_other_streams_may_say_the_same() -> None:
    rules = layer()
    rules.accepted(comment("hello"), 0.0)
    assert rules.judge(comment("hello", author="bob"), 1.0) == ALLOWED
    assert rules.judge(comment("hello", stream="other"), 1.0) == ALLOWED


def test_in_unique_chat_nobody_repeats_anybody_even_where_repeats_are_allowed() -> None:
    unique = StreamSettings(unique_chat=True, rules=RuleSettings(repeated=Action.ALLOW))
    rules = layer()
    rules.accepted(comment("hello", unique), 0.0)
    assert rules.judge(comment("hello", unique, author="bob"), 1.0).action is Action.DENY
    assert rules.judge(comment("hello", unique, author="bob", stream="other"), 1.0) == ALLOWED


def test_repeats_are_let_through_where_the_stream_allows_them() -> None:
    free = StreamSettings(rules=RuleSettings(repeated=Action.ALLOW))
    rules = layer()
    rules.accepted(comment("hello", free), 0.0)
    assert rules.judge(comment("hello", free), 1.0) == ALLOWED


def test_twenty_emoji_are_fine_and_one_more_is_a_flood() -> None:
    assert verdict(HEART * 20) == (Action.ALLOW, "")
    found = layer().judge(comment(HEART * 21), 0.0)
    assert (found.action, found.reason) == (Action.HOLD, "emoji-flood")
    assert "21" in found.detail
    assert "20" in found.detail


@pytest.mark.parametrize("emoji", ODD_ONES)
def test_an_emoji_counts_once_however_many_code_points_it_has(emoji: str) -> None:
    assert verdict(emoji * 20)[0] is Action.ALLOW
    assert verdict(emoji * 21)[0] is Action.HOLD


def test_a_long_shout_is_held_and_a_short_one_is_part_of_the_match() -> None:
    found = layer().judge(comment("PLEASE STOP DOING THIS NOW"), 0.0)
    assert (found.action, found.reason) == (Action.HOLD, "caps-flood")
    assert "100%" in found.detail
    assert "80%" in found.detail
    assert verdict("GOOOOAAAAAL " + "!" * 30) == (Action.ALLOW, "")


@pytest.mark.parametrize(
    ("text", "action"),
    [
        ("A" * 20, Action.HOLD),
        ("A" * 19, Action.ALLOW),
        ("A" * 16 + "a" * 4, Action.ALLOW),  # 80% exactly
        ("A" * 17 + "a" * 4, Action.HOLD),
        ("\u0410" * 17 + "\u0430" * 4, Action.HOLD),  # Cyrillic
        ("1" * 40, Action.ALLOW),
        ("\u4f60" * 40, Action.ALLOW),  # a script without case
    ],
)
def test_the_share_of_capitals_counts_only_letters_that_have_a_case(text: str, action: Action) -> None:
    assert verdict(text)[0] is action


def test_floods_may_be_allowed() -> None:
    calm = StreamSettings(rules=RuleSettings(floods=Action.ALLOW))
    assert verdict(HEART * 30, calm) == verdict("A" * 30, calm) == (Action.ALLOW, "")


@pytest.mark.parametrize("text", [*ODD_ONES, f"{HEART} {FLAG} {FAMILY}", HEART * 30])
def test_emote_only_takes_emoji_and_spaces_in_any_number(text: str) -> None:
    assert verdict(text, StreamSettings(emote_only=True)) == (Action.ALLOW, "")


@pytest.mark.parametrize("text", ["hello", f"{HEART} hi", "1", "!"])
def test_emote_only_takes_nothing_else(text: str) -> None:
    assert verdict(text, StreamSettings(emote_only=True)) == (Action.DENY, "emote-only")


def test_a_denial_goes_before_a_reason_to_hold() -> None:
    strict = StreamSettings(rules=RuleSettings(blocked_terms=("bad",), blocked=Action.HOLD, links=Action.DENY))
    assert verdict("bad example.com", strict) == (Action.DENY, "link")
    assert verdict("BAD BAD BAD BAD BAD BAD BAD", strict) == (Action.HOLD, "blocked-term")


@given(st.text(min_size=1, max_size=80), settings, st.booleans())
def test_trusted_authors_pass_and_every_other_text_gets_one_verdict_with_its_reason(
    text: str, of: StreamSettings, seen: bool
) -> None:
    rules, submission = layer(), comment(text, of)
    if seen:
        rules.accepted(submission, 0.0)
    assert rules.judge(replace(submission, trusted=True), 1.0) == ALLOWED
    found = rules.judge(submission, 1.0)
    assert found == rules.judge(submission, 1.0)
    assert bool(found.reason) == bool(found.detail) == (found.action is not Action.ALLOW)


class FixedLayer:
    """A layer that always says the same, and counts what it is asked and told."""

    def __init__(self, verdict: Verdict) -> None:
        self._verdict = verdict
        self.asked = 0
        self.told = 0

    def judge(self, submission: Submission, now: float) -> Verdict:
        self.asked += 1
        return self._verdict

    def accepted(self, submission: Submission, now: float) -> None:
        self.told += 1


HELD = Verdict(action=Action.HOLD, reason="first", detail="for a person to see")
DENIED = Verdict(action=Action.DENY, reason="second", detail="no")


@pytest.mark.parametrize(
    ("verdicts", "outcome", "asked"),
    [
        ([], ALLOWED, []),
        ([ALLOWED, ALLOWED], ALLOWED, [1, 1]),
        ([HELD, ALLOWED], HELD, [1, 1]),
        ([HELD, replace(HELD, reason="later")], HELD, [1, 1]),
        ([HELD, DENIED, ALLOWED], DENIED, [1, 1, 0]),
    ],
)
def test_the_strictest_verdict_wins_the_first_among_equals_and_a_denial_ends_it(
    verdicts: list[Verdict], outcome: Verdict, asked: list[int]
) -> None:
    layers = [FixedLayer(each) for each in verdicts]
    assert asyncio.run(Pipeline(layers).review(comment("hi"), 0.0)) is outcome
    assert [each.asked for each in layers] == asked


def test_all_layers_are_told_of_a_stored_comment() -> None:
    layers = [FixedLayer(DENIED), FixedLayer(ALLOWED)]
    Pipeline(layers).accepted(comment("hi"), 0.0)
    assert [each.told for each in layers] == [1, 1]
