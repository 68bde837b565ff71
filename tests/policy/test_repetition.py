"""Repeated texts, against an oracle that keeps every record."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reference_impl.policy.repetition import Repetition, RepetitionConfig

WINDOW_S = 30.0
# (who, what, seconds since the last)
posts = st.lists(st.tuples(st.sampled_from(["a", "b"]), st.sampled_from(["x", "y"]), st.floats(0, 40)), max_size=60)


def repetition(texts_max: int = 100) -> Repetition:
    return Repetition(RepetitionConfig(window_s=WINDOW_S, texts_max=texts_max))


@given(posts, st.data())
def test_a_text_repeats_when_the_key_s_last_record_of_it_is_less_than_a_window_ago(
    given_posts: list[tuple[str, str, float]], data: st.DataObject
) -> None:
    seen, recorded, now = repetition(), dict[tuple[str, str], float](), 0.0
    for key, text, gap_s in given_posts:
        now += gap_s
        repeats = now < recorded.get((key, text), -math.inf) + WINDOW_S
        assert seen.repeats(key, text, now) == repeats
        if data.draw(st.booleans()):
            seen.record(key, text, now)
            recorded[key, text] = now


def test_looking_records_nothing() -> None:
    seen = repetition()
    assert [seen.repeats("ann", "hi", 0.0) for _ in range(3)] == [False] * 3


def test_the_window_ends_exactly() -> None:
    seen = repetition()
    seen.record("ann", "hi", 10.0)
    assert seen.repeats("ann", "hi", math.nextafter(40.0, 0))
    assert not seen.repeats("ann", "hi", 40.0)


def test_key_and_text_are_kept_apart() -> None:
    seen = repetition()
    seen.record("ann", "bob hi", 0.0)
    assert not any(seen.repeats(key, text, 1.0) for key, text in (("ann bob", "hi"), ("annb", "ob hi"), ("", "ann")))


@given(st.integers(1, 6), st.lists(st.sampled_from("abcdefgh"), max_size=40))
def test_past_the_bound_the_oldest_text_is_forgotten_and_may_be_repeated(texts_max: int, texts: list[str]) -> None:
    seen, recent = repetition(texts_max), list[str]()
    for text in texts:
        seen.record("ann", text, 0.0)
        recent = [*(each for each in recent if each != text), text][-texts_max:]
    assert [text for text in "abcdefgh" if seen.repeats("ann", text, 1.0)] == sorted(recent)


def test_a_text_that_is_over_makes_room_before_one_that_is_not() -> None:
    seen = repetition(texts_max=2)
    seen.record("ann", "old", 0.0)
    seen.record("ann", "new", 29.0)
    seen.record("ann", "newest", 31.0)
    assert [seen.repeats("ann", text, 31.0) for text in ("old", "new", "newest")] == [False, True, True]


@pytest.mark.parametrize(("window_s", "texts_max"), [(0.0, 1), (-1.0, 1), (1.0, 0)])
def test_a_window_that_makes_no_sense_is_refused_by_name(window_s: float, texts_max: int) -> None:
    with pytest.raises(ValueError, match=f"window_s and texts_max.*{window_s} and {texts_max}"):
        RepetitionConfig(window_s=window_s, texts_max=texts_max)
