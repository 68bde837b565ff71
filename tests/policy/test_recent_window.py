"""What a reader finds in a window, and what mends it."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reference_impl.policy.recent_window import Mend, Recall, RecentConfig, Wanted, Window, mend, recall
from reference_impl.policy.warming import WarmingConfig

CONFIG = RecentConfig(comments_max=100, catch_up_max=50)
WINDOW = Window(first=51, through=100, size=50)
NEWEST = Wanted(True, None, 10)


def within(window: Window) -> Callable[[int, int], int]:
    """Every event was a comment."""
    return lambda first, last: max(0, min(last, window.through) - max(first, window.first) + 1)


@pytest.mark.parametrize(
    ("wanted", "head", "expected"),
    [
        (NEWEST, 100, Recall.HIT),
        (NEWEST, 101, Recall.BEHIND),
        (Wanted(True, None, 51), 100, Recall.OLDER),
        (Wanted(True, 61, 10), 100, Recall.HIT),
        (Wanted(True, 60, 10), 100, Recall.OLDER),
        (Wanted(True, 102, 10), 100, Recall.BEYOND),
        (Wanted(False, 50, 10), 100, Recall.HIT),
        (Wanted(False, 49, 10), 100, Recall.OLDER),
        (Wanted(False, 100, 10), 100, Recall.HIT),
        (Wanted(False, 101, 10), 100, Recall.BEYOND),
    ],
)
def test_a_window_has_a_page_or_says_why_not(wanted: Wanted, head: int, expected: Recall) -> None:
    assert recall(WINDOW, head, wanted, within(WINDOW)) is expected


def test_a_short_page_is_whole_where_the_stream_begins() -> None:
    window = Window(first=1, through=4, size=4)
    assert recall(window, 4, NEWEST, within(window)) is Recall.HIT
    assert recall(None, 4, NEWEST, within(window)) is Recall.MISSING


@pytest.mark.parametrize(
    ("found", "wanted", "head", "expected"),
    [
        (Recall.MISSING, NEWEST, 100, Mend.MAKE),
        (Recall.BEHIND, NEWEST, 150, Mend.CATCH_UP),
        (Recall.BEHIND, NEWEST, 151, Mend.FORGET),
        (Recall.OLDER, Wanted(True, 51, 50), 100, Mend.REACH),
        (Recall.OLDER, Wanted(True, 51, 51), 100, None),  # would not fit
        (Recall.OLDER, Wanted(True, 11, 11), 100, None),  # with what is between
        (Recall.OLDER, Wanted(False, 1, 10), 100, None),
        (Recall.BEYOND, NEWEST, 100, None),
    ],
)
def test_what_mends_it(found: Recall, wanted: Wanted, head: int, expected: Mend | None) -> None:
    assert mend(CONFIG, found, WINDOW, head, wanted) is expected


@given(st.floats(0.1, 1e4))
def test_the_right_to_make_a_window_ends_before_it_is_to_be_made_anew(age_max_s: float) -> None:
    config = RecentConfig(warming=WarmingConfig(age_max_s=age_max_s))
    assert 0 < config.lease_s < age_max_s
