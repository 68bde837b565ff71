"""Hot keys: found among any number of others, with as many copies as they need, and without flapping."""

from itertools import pairwise
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reference_impl.policy.hot_keys import HotKeys, HotKeysConfig

CONFIG = HotKeysConfig(copy_per_s=100.0, half_life_s=1.0, keys_max=20)


def use(keys, key, per_s, seconds, start_s=0.0):
    """A steady use of one key; the answer is how many copies it should have after each."""
    return [keys.used(key, start_s + number / per_s) for number in range(int(per_s * seconds))]


@pytest.mark.parametrize(("per_s", "copies"), [(50, 1), (90, 1), (150, 2), (250, 3), (5_000, 16)])
def test_a_key_has_as_many_copies_as_its_rate_needs(per_s, copies):
    keys = HotKeys(CONFIG)
    assert use(keys, "final", per_s, 10)[-1] == copies
    assert keys.per_s("final", 10.0) == pytest.approx(per_s, rel=0.05)


@settings(max_examples=20)
@given(st.integers())
def test_a_hot_key_is_found_among_more_others_than_are_followed(seed):
    keys, rng = HotKeys(CONFIG), Random(seed)
    for number in range(6_000):
        keys.used("final" if number % 3 == 0 else f"match{rng.randrange(500)}", number / 1_000)
    assert "final" in keys.hot(6.0)
    assert keys.per_s("final", 6.0) >= 0.9 * 1_000 / 3
    assert len(keys) == CONFIG.keys_max


@given(st.lists(st.tuples(st.floats(0, 1), st.integers(0, 60)), max_size=200))
def test_no_more_keys_are_followed_than_allowed_and_the_skew_is_a_share(uses):
    keys, now_s = HotKeys(CONFIG), 0.0
    for gap_s, key in uses:
        now_s += gap_s
        assert 1 <= keys.used(str(key), now_s) <= CONFIG.copies_max
        assert len(keys) <= CONFIG.keys_max
        assert 0 <= keys.skew(now_s) <= 1


@given(st.lists(st.tuples(st.floats(0, 1), st.integers(0, 9)), max_size=200))
def test_of_no_key_that_is_followed_the_rate_is_taken_too_low(uses):
    few, all_of_them, now_s = HotKeys(HotKeysConfig(keys_max=3)), HotKeys(HotKeysConfig()), 0.0
    for gap_s, key in uses:
        now_s += gap_s
        few.used(str(key), now_s)
        all_of_them.used(str(key), now_s)
    followed = [str(key) for key in range(10) if few.per_s(str(key), now_s)]
    assert len(followed) == min(3, len({key for _, key in uses}))
    for key in followed:
        assert few.per_s(key, now_s) >= all_of_them.per_s(key, now_s) * (1 - 1e-9)


def test_copies_do_not_come_and_go_when_the_rate_hovers_at_the_limit():
    keys = HotKeys(CONFIG)
    copies = use(keys, "final", 110, 10)
    for start_s in range(10, 70, 6):
        copies += use(keys, "final", 80, 3, start_s)
        copies += use(keys, "final", 120, 3, start_s + 3)
    assert sum(before != after for before, after in pairwise(copies)) == 1


def test_a_key_that_is_not_used_any_more_has_one_copy_again():
    keys = HotKeys(CONFIG)
    use(keys, "final", 1_000, 10)
    assert keys.copies("final", 10.0) > 5
    assert keys.copies("final", 30.0) == 1
    assert keys.hot(30.0) == {}


def test_skew_is_the_share_of_the_hottest():
    keys = HotKeys(CONFIG)
    for number in range(10_000):
        keys.used("final" if number % 4 else "other", number / 1_000)
    assert keys.skew(10.0) == pytest.approx(0.75, abs=0.01)


def test_nothing_is_known_of_a_key_that_was_never_used():
    keys = HotKeys(CONFIG)
    assert (keys.copies("x", 0.0), keys.per_s("x", 0.0), keys.skew(0.0)) == (1, 0.0, 0.0)


@pytest.mark.parametrize(
    ("wrong", "said"), [({"cool_at": 0.0}, "got 1000, 5 and 0"), ({"keys_max": 0}, "got 16 and 0")]
)
def test_a_config_that_makes_no_sense_is_refused_with_what_was_seen(wrong, said):
    with pytest.raises(ValueError, match=said):
        HotKeysConfig(**wrong)
