"""Failover between equal addresses."""

from random import Random

import pytest

from reference_impl.policy.failover import Failover
from reference_impl.policy.retry import RetryConfig

CONFIG = RetryConfig(base_s=1.0, cap_s=4.0, attempts_max=3)


class Always(Random):
    """Draws the longest delays."""

    def random(self):
        return 1.0


def failover(*addresses):
    return Failover(addresses, CONFIG, Always())


def test_the_first_address_is_asked_first():
    assert failover("a", "b").candidates(0.0) == ["a", "b"]


def test_one_that_failed_rests_and_the_others_are_asked():
    chosen = failover("a", "b")
    chosen.failed("a", 10.0)
    assert chosen.candidates(10.5) == ["b"]
    assert chosen.candidates(11.0) == ["a", "b"]


def test_the_one_that_answered_stays_the_first():
    chosen = failover("a", "b")
    chosen.failed("a", 0.0)
    chosen.succeeded("b")
    assert chosen.candidates(9.0) == ["b", "a"]


def test_nobody_is_asked_while_all_rest_and_it_says_for_how_long():
    chosen = failover("a", "b")
    chosen.failed("a", 0.0)
    chosen.failed("b", 0.5)
    assert (chosen.candidates(0.75), chosen.again_s(0.75)) == ([], 0.25)


def test_the_rest_doubles_up_to_the_cap_and_stays_there():
    chosen, rests = failover("a"), []
    for _ in range(6):
        chosen.failed("a", 0.0)
        rests.append(chosen.again_s(0.0))
    assert rests == [1.0, 2.0, 4.0, 4.0, 4.0, 4.0]


def test_an_answer_forgets_the_failures():
    chosen = failover("a")
    chosen.failed("a", 0.0)
    chosen.failed("a", 1.0)
    chosen.succeeded("a")
    chosen.failed("a", 5.0)
    assert chosen.again_s(5.0) == 1.0


def test_an_address_named_twice_is_one():
    assert failover("a", "a", "b").candidates(0.0) == ["a", "b"]


def test_no_address_is_refused():
    with pytest.raises(ValueError, match="at least one"):
        failover()
