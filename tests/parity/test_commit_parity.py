"""Parity of the write paths: the server and the model admit the same posts and commit the same batches."""

import pytest

from reference_impl.policy.batching import GroupCommitConfig
from reference_impl.policy.rate import RateConfig
from tests.parity.commits import Outcome, Post, live_outcome, posts, simulated_outcome

POSTS = 10_000
TOLERANCE_S = 1e-9
RATE = RateConfig()
OPEN = RateConfig(burst=POSTS)
WIDE = GroupCommitConfig()
NARROW = GroupCommitConfig(batch_max=3, waiting_max=4)


def both(load: list[Post], rate: RateConfig, commits: GroupCommitConfig) -> Outcome:
    """Run the posts live and simulated, demand the same of both, and answer it."""
    live, simulated = live_outcome(load, rate, commits), simulated_outcome(load, rate, commits)
    assert live.refused == simulated.refused
    assert [batch for _, batch in live.commits] == [batch for _, batch in simulated.commits]
    ends_s = [at for at, _ in simulated.commits]
    assert [at for at, _ in live.commits] == pytest.approx(ends_s, rel=0, abs=TOLERANCE_S)
    return live


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_both_admit_the_same_posts_and_commit_the_same_batches(seed: int) -> None:
    load = posts(seed, POSTS, authors=300)
    outcome = both(load, RATE, WIDE)
    assert outcome.refused, "the busiest authors must have been refused something"
    assert sorted(outcome.committed + outcome.refused) == [at for at, _ in load]


def test_both_refuse_the_same_posts_when_the_queue_is_full() -> None:
    load = posts(4, POSTS, authors=300)
    outcome = both(load, OPEN, NARROW)
    assert outcome.refused, "the queue must have been full at times"
    assert {len(batch) for _, batch in outcome.commits} == {1, 2, 3}
    assert outcome.committed == sorted(outcome.committed)


def test_a_lone_post_is_durable_after_one_commit_of_one() -> None:
    ((end_s, batch),) = both([(1.0, "ann")], RATE, WIDE).commits
    assert end_s == pytest.approx(1.0065, abs=TOLERANCE_S)
    assert batch == [1.0]


def test_what_arrives_during_a_commit_goes_into_the_next_one() -> None:
    load = [(1.0, "ann"), (1.001, "bob"), (1.002, "cas"), (1.1, "dan")]
    assert [batch for _, batch in both(load, RATE, WIDE).commits] == [[1.0], [1.001, 1.002], [1.1]]
