"""Where events live."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reference_impl.policy.partitioning import ByStream

names = st.text(min_size=1, max_size=64)


@given(names, names, names, st.integers(1, 64))
def test_all_events_of_a_stream_live_in_one_of_the_partitions(
    stream: str, event: str, other_event: str, partitions: int
) -> None:
    partitioner = ByStream(partitions)
    place = partitioner.place(stream, event)
    assert 0 <= place < partitions
    assert ByStream(partitions).place(stream, other_event) == place


# Computed by another program: `printf %s NAME | b2sum -l 64`, modulo the number of partitions.
@pytest.mark.parametrize(
    ("stream", "places"),
    [("demo", [0, 0, 0, 432]), ("final-2026", [0, 1, 9, 33]), ("\u00e9", [0, 1, 15, 743])],
)
def test_the_places_never_change_because_stored_events_are_found_by_them(stream: str, places: list[int]) -> None:
    assert [ByStream(partitions).place(stream, "e") for partitions in (1, 2, 16, 1000)] == places


def test_many_streams_spread_over_all_partitions() -> None:
    counts = Counter(ByStream(8).place(f"stream-{number}", "e") for number in range(8000))
    assert sorted(counts) == list(range(8))
    assert min(counts.values()) > 850
    assert max(counts.values()) < 1150


def test_no_partitions_are_refused_by_name() -> None:
    with pytest.raises(ValueError, match=r"partitions.*got 0"):
        ByStream(0)
