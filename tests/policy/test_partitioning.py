"""Where comments live."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reference_impl.policy.partitioning import (
    ByComment,
    ByStream,
    ByStreamAndTime,
    ByUser,
    HotSplit,
    HotSplitConfig,
    Partitioning,
    home,
    strategy,
)

names = st.text(min_size=1, max_size=64)
CONFIG = HotSplitConfig(split_per_s=50, merge_per_s=20, calm_s=10, memory_s=2)


@given(st.sampled_from(Partitioning), names, names, names, st.floats(0, 1e10), st.integers(1, 64))
def test_every_strategy_places_within_the_partitions(kind, stream, author, comment, at_s, partitions) -> None:
    assert 0 <= strategy(kind, partitions).place(stream, author, comment, at_s) < partitions


@given(names, names, names, st.integers(1, 64))
def test_by_stream_everything_of_a_stream_is_at_home(stream, one, other, partitions) -> None:
    places = {
        ByStream(partitions).place(stream, author, comment, 0.0) for author, comment in ((one, other), (other, one))
    }
    assert places == {home(stream, partitions)}


# Computed by another program: `printf %s NAME | b2sum -l 64`, modulo the number of partitions.
@pytest.mark.parametrize(
    ("stream", "places"),
    [("demo", [0, 0, 0]), ("final-2026", [0, 1, 9]), ("\u00e9", [0, 1, 15])],
)
def test_homes_never_change_because_stored_streams_are_found_by_them(stream: str, places: list[int]) -> None:
    assert [home(stream, partitions) for partitions in (1, 2, 16)] == places


def test_many_streams_spread_over_all_partitions() -> None:
    counts = Counter(home(f"stream-{number}", 8) for number in range(8000))
    assert sorted(counts) == list(range(8))
    assert min(counts.values()) > 850
    assert max(counts.values()) < 1150


def test_by_time_a_stream_stays_within_a_bucket_and_moves_between_them() -> None:
    by_time = ByStreamAndTime(16, bucket_s=60)
    assert len({by_time.place("s", "ann", str(at), at) for at in range(120, 180)}) == 1
    assert len({by_time.place("s", "ann", "c", at * 60.0) for at in range(100)}) > 8


def test_by_user_all_of_a_users_comments_are_together() -> None:
    by_user = ByUser(16)
    assert len({by_user.place(f"s{number}", "ann", str(number), number) for number in range(50)}) == 1
    assert len({by_user.place("s", f"user-{number}", "c", 0) for number in range(100)}) == 16


@pytest.mark.parametrize("partitions", [1, 3, 8])
def test_one_more_partition_takes_its_share_and_moves_nothing_else(partitions: int) -> None:
    keys = [f"comment-{number}" for number in range(5000)]
    before, after = ByComment(partitions), ByComment(partitions + 1)
    moves = [(before.place("s", "a", key, 0), after.place("s", "a", key, 0)) for key in keys]
    moved = [new for old, new in moves if old != new]
    assert set(moved) == {partitions}
    assert 0.7 / (partitions + 1) < len(moved) / len(keys) < 1.4 / (partitions + 1)


def post(hot: HotSplit, per_s: float, start_s: float, seconds: float) -> set[int]:
    """A steady load; the answer is where it went."""
    count = int(per_s * seconds)
    return {hot.place("s", "ann", f"{start_s}-{number}", start_s + number / per_s) for number in range(count)}


def test_a_cold_stream_stays_at_home() -> None:
    hot = HotSplit(8, CONFIG)
    assert post(hot, 40, 0, 20) == {home("s", 8)}
    assert not hot.is_split("s")


def test_a_hot_stream_is_spread_over_all_partitions_and_no_other_one_is() -> None:
    hot = HotSplit(8, CONFIG)
    post(hot, 100, 0, 5)
    assert post(hot, 100, 5, 5) == set(range(8))
    assert hot.place("cold", "ann", "c", 10) == home("cold", 8)


def test_between_the_two_thresholds_nothing_changes() -> None:
    hot = HotSplit(8, CONFIG)
    post(hot, 35, 0, 30)
    assert not hot.is_split("s")
    post(hot, 100, 30, 5)
    post(hot, 35, 35, 60)
    assert hot.is_split("s")


def test_a_split_stream_is_together_again_when_it_has_been_calm_long_enough() -> None:
    hot = HotSplit(8, CONFIG)
    post(hot, 100, 0, 5)
    post(hot, 5, 5, 10)
    assert hot.is_split("s")
    post(hot, 5, 15, 6)
    assert not hot.is_split("s")


def test_silence_counts_as_calm() -> None:
    hot = HotSplit(8, CONFIG)
    post(hot, 100, 0, 5)
    assert hot.place("s", "ann", "c", 60) == home("s", 8)


def test_the_stream_that_was_quiet_longest_is_forgotten() -> None:
    hot = HotSplit(8, HotSplitConfig(split_per_s=50, merge_per_s=20, streams_max=2))
    post(hot, 100, 0, 5)
    for name in ("t", "u"):
        hot.place(name, "ann", "c", 5)
    assert not hot.is_split("s")


@pytest.mark.parametrize("partitions", [0, 65])
@pytest.mark.parametrize("kind", list(Partitioning))
def test_a_wrong_number_of_partitions_is_refused_by_name(kind: Partitioning, partitions: int) -> None:
    with pytest.raises(ValueError, match=rf"partitions must be from 1 to 64, got {partitions}"):
        strategy(kind, partitions)


def test_thresholds_without_hysteresis_are_refused_by_name() -> None:
    with pytest.raises(ValueError, match=r"merge_per_s < split_per_s .* got merge_per_s=9"):
        HotSplitConfig(split_per_s=9, merge_per_s=9)
