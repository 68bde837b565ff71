"""Fair shares: whoever joins or leaves, each part has one worker in the end, and nobody more than a share."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reference_impl.policy.sharing import Turn, fair_share, turn


def beat(worker: str, workers: int, holders: list[str | None]) -> None:
    """One worker's heartbeat: ``holders`` by part, as the leases have it."""
    share = fair_share(len(holders), workers)
    for part, holder in enumerate(holders):
        what = turn(holder == worker, holders.count(worker), share)
        if what is Turn.GIVE_BACK:
            holders[part] = None
        elif what is Turn.HOLD and holder is None:
            holders[part] = worker


@given(st.integers(1, 20), st.integers(1, 6), st.lists(st.integers(0, 5), max_size=20), st.randoms())
def test_within_two_heartbeats_of_everybody_all_parts_are_held_and_shared(parts, workers, before, rng):
    """Whoever held them before; heartbeats come in any order."""
    names = [f"{number}" for number in range(workers)]
    holders = [f"{number}" if number < workers else None for number in [*before, *[9] * parts][:parts]]
    for _ in range(2):
        for name in rng.sample(names, len(names)):
            beat(name, workers, holders)
    counts = [holders.count(name) for name in names]
    assert sum(counts) == parts
    assert max(counts) <= fair_share(parts, workers)


def test_a_worker_that_has_its_share_gives_nothing_back_and_takes_nothing():
    assert turn(held=True, holding=2, share=2) is Turn.HOLD
    assert turn(held=False, holding=2, share=2) is Turn.LEAVE
    assert turn(held=True, holding=3, share=2) is Turn.GIVE_BACK
    assert turn(held=False, holding=1, share=2) is Turn.HOLD


def test_a_share_is_of_some_parts_among_some_workers():
    for parts, workers in ((0, 1), (1, 0)):
        with pytest.raises(ValueError, match="at least one part and one worker"):
            fair_share(parts, workers)
