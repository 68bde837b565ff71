"""Reconnect slots: everybody leaves once, evenly, and within the longest drain."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reference_impl.policy.reconnect import DrainConfig, slices


@given(st.integers(0, 20_000), st.floats(0.5, 5_000), st.floats(0.5, 60), st.floats(0.01, 1))
def test_every_viewer_has_one_slot_within_the_drain(
    viewers: int, per_s: float, drain_max_s: float, step: float
) -> None:
    plan = slices(DrainConfig(per_s=per_s, drain_max_s=drain_max_s, slice_s=step), viewers)
    assert [rank for part in plan for rank in range(part.first, part.stop)] == list(range(viewers))
    assert all(0 <= part.after_s <= drain_max_s for part in plan)


@given(st.integers(1, 20_000), st.floats(10, 5_000))
def test_the_rate_stays_flat(viewers: int, per_s: float) -> None:
    """No slice brings more than its share, rounded up to whole viewers."""
    config = DrainConfig(per_s=per_s)
    rate = max(per_s, viewers / config.drain_max_s)
    plan = slices(config, viewers)
    assert all(part.stop - part.first <= rate * config.slice_s + 1 for part in plan)
    assert all(part.after_s == part.first / rate for part in plan)


def test_a_drain_without_a_rate_is_refused_by_name() -> None:
    with pytest.raises(ValueError, match="per_s=0"):
        DrainConfig(per_s=0)
