"""Leases: one holder at a time, numbers that only rise, and a late holder who can do no harm."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reference_impl.policy.lease import Fence, LeaseConfig, Leases

CONFIG = LeaseConfig()
actions = st.tuples(
    st.floats(0, 8), st.sampled_from(["acquire", "renew", "release", "act"]), st.integers(0, 3), st.sampled_from("ab")
)


@given(st.lists(actions, max_size=150))
def test_whoever_acts_after_its_successor_did_is_refused_and_tokens_only_rise(steps):
    leases, fences, now_s = Leases(CONFIG), {"a": Fence(), "b": Fence()}, 0.0
    has, last, acted = {}, 0, {"a": 0, "b": 0}  # what each worker believes to hold
    for gap_s, action, worker, name in steps:
        now_s += gap_s
        lease = has.get((worker, name))
        if action == "acquire":
            free = leases.holder(name, now_s) is None
            granted = leases.acquire(name, str(worker), now_s)
            assert (granted is not None) == free
            if granted:
                assert granted.token > last
                last = granted.token
                has[worker, name] = granted
        elif lease and action == "renew":
            renewed = leases.renew(lease, now_s)
            assert renewed is None or renewed.token == lease.token
            assert (renewed is not None) == (now_s < lease.until and leases.holder(name, now_s) == str(worker))
            has[worker, name] = renewed or lease
        elif lease and action == "release":
            leases.release(lease, now_s)
            del has[worker, name]
        elif lease:
            assert fences[name].admit(lease.token) == (lease.token >= acted[name])
            acted[name] = max(acted[name], lease.token)


def test_a_lease_ends_when_the_heartbeats_stop_and_another_may_have_it():
    leases = Leases(CONFIG)
    first = leases.acquire("archiver", "one", 0.0)
    first = leases.renew(first, 9.0)
    assert leases.acquire("archiver", "two", 18.9) is None
    assert leases.expired(19.0) == [first]
    second = leases.acquire("archiver", "two", 19.0)
    assert (second.holder, second.token > first.token) == ("two", True)
    assert leases.renew(first, 19.1) is None
    assert not leases.release(first, 19.1), "it cannot give back what is another's"
    assert leases.holder("archiver", 19.1) == "two"


def test_a_slow_holder_is_stopped_by_its_token():
    leases, fence = Leases(CONFIG), Fence()
    slow = leases.acquire("archiver", "one", 0.0)
    assert fence.admit(slow.token)
    quick = leases.acquire("archiver", "two", 20.0)
    assert fence.admit(quick.token)
    assert not fence.admit(slow.token)


def test_a_holder_may_act_again_and_again():
    fence = Fence()
    assert [fence.admit(3) for _ in range(3)] == [True] * 3


def test_a_table_that_was_restored_goes_on_above_the_last_token():
    assert Leases(CONFIG, token=41).acquire("a", "one", 0.0).token == 42


def test_one_too_many_is_refused_until_another_has_ended():
    leases = Leases(LeaseConfig(leases_max=1))
    leases.acquire("a", "one", 0.0)
    assert leases.acquire("b", "one", 1.0) is None
    assert leases.acquire("b", "one", 10.0).name == "b"
    assert len(leases) == 1


@pytest.mark.parametrize(("wrong", "said"), [({"heartbeat_s": 10.0}, "got 10 and 10"), ({"leases_max": 0}, "got 0")])
def test_a_config_that_makes_no_sense_is_refused_with_what_was_seen(wrong, said):
    with pytest.raises(ValueError, match=said):
        LeaseConfig(**wrong)
