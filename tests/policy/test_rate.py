"""Rate limits, against an oracle that counts tokens the other way round: refilled, in exact fractions."""

import math
from dataclasses import dataclass
from fractions import Fraction

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from reference_impl.policy.rate import RateConfig, RateLimiter, TokenBucket

TOKEN_TOLERANCE = 1e-3  # far above what floats can add up to here, far below a request

configs = st.builds(RateConfig, burst=st.integers(1, 100), period_s=st.floats(1, 3600))
starts = st.floats(0, 1e6)  # a machine that has been up for eleven days
gaps = st.lists(st.just(0.0) | st.floats(0, 60), max_size=60)

# Powers of two and multiples of 1/64 are exact in floats, so here the oracle must agree to the last request.
exact_configs = st.builds(
    RateConfig, burst=st.sampled_from([1, 2, 4, 8, 16]), period_s=st.integers(1, 256).map(lambda quarters: quarters / 4)
)
exact_gaps = st.lists(st.just(0.0) | st.integers(0, 2000).map(lambda ticks: ticks / 64), max_size=60)


@dataclass
class RefilledBucket:
    """The textbook's bucket: so many tokens at such a time."""

    config: RateConfig
    tokens: Fraction
    at: Fraction = Fraction(0)

    def admit(self, now: float) -> bool:
        refill = (Fraction(now) - self.at) * self.config.burst / Fraction(self.config.period_s)
        self.tokens = min(Fraction(self.config.burst), self.tokens + refill)
        self.at = Fraction(now)
        admitted = self.tokens >= 1
        self.tokens -= admitted
        return admitted


def arrivals(start: float, gaps_s: list[float]) -> list[float]:
    at, found = start, []
    for gap_s in gaps_s:
        at += gap_s
        found.append(at)
    return found


@given(exact_configs, exact_gaps)
def test_the_bucket_admits_what_a_refilled_bucket_admits_and_counts_the_same(
    config: RateConfig, gaps_s: list[float]
) -> None:
    bucket, oracle = TokenBucket(config), RefilledBucket(config, Fraction(config.burst))
    for now in arrivals(0.0, gaps_s):
        admission = bucket.admit(now)
        assert admission.admitted == oracle.admit(now)
        assert admission.remaining == int(oracle.tokens)


@given(configs, starts, gaps)
def test_no_interval_holds_more_than_the_burst_and_what_comes_back_in_it(
    config: RateConfig, start: float, gaps_s: list[float]
) -> None:
    bucket = TokenBucket(config)
    admitted = [now for now in arrivals(start, gaps_s) if bucket.admit(now).admitted]
    for index, first in enumerate(admitted):
        for later, last in enumerate(admitted[index:], start=1):
            assert later <= config.burst + (last - first) / config.interval_s + TOKEN_TOLERANCE


@given(configs, starts)
@example(RateConfig(burst=1), 0.1)
@example(RateConfig(), 1.5)
def test_a_full_bucket_admits_its_whole_burst_at_once_and_not_one_more(config: RateConfig, now: float) -> None:
    bucket = TokenBucket(config)
    assert [bucket.admit(now).admitted for _ in range(config.burst + 1)] == [True] * config.burst + [False]


@given(configs, starts)
@example(RateConfig(burst=100), 1e6)
def test_remaining_is_how_many_more_are_admitted_at_the_same_time(config: RateConfig, now: float) -> None:
    bucket = TokenBucket(config)
    promised = bucket.admit(now).remaining
    assert sum(bucket.admit(now).admitted for _ in range(config.burst + 1)) == promised == config.burst - 1


@given(configs, starts, gaps)
def test_a_bucket_is_full_again_after_its_period(config: RateConfig, start: float, gaps_s: list[float]) -> None:
    bucket = TokenBucket(config)
    for now in arrivals(start, gaps_s):
        bucket.admit(now)
    later = max(bucket.full_at, start) + 1
    assert sum(bucket.admit(later).admitted for _ in range(config.burst + 1)) == config.burst


@given(configs, starts, gaps)
def test_retry_at_is_exact(config: RateConfig, start: float, gaps_s: list[float]) -> None:
    bucket, now = TokenBucket(config), start
    for now in arrivals(start, gaps_s):
        bucket.admit(now)
    while (refusal := bucket.admit(now)).admitted:
        assert refusal.retry_at == now
    assert refusal.retry_at > now
    assert bucket.admit(math.nextafter(refusal.retry_at, -math.inf)) == refusal
    assert bucket.admit(refusal.retry_at).admitted


@given(st.integers(1, 50))
def test_a_refusal_costs_nothing(refusals: int) -> None:
    bucket = TokenBucket(RateConfig(burst=2, period_s=8))
    answers = [bucket.admit(0.0) for _ in range(2 + refusals)]
    assert {(answer.admitted, answer.remaining) for answer in answers[2:]} == {(False, 0)}
    assert [answer.retry_at for answer in answers[2:]] == pytest.approx([4.0] * refusals, abs=TOKEN_TOLERANCE)


def test_the_interval_is_the_period_divided_by_the_burst() -> None:
    assert RateConfig(burst=4, period_s=10).interval_s == 2.5


def test_one_key_s_spending_leaves_the_others_alone() -> None:
    limiter = RateLimiter(RateConfig(burst=1, period_s=8))
    assert [limiter.admit(key, 0.0).admitted for key in ("ann", "ann", "bob", "bob")] == [True, False, True, False]


def test_past_the_bound_the_longest_unused_key_is_forgotten_and_starts_full() -> None:
    limiter = RateLimiter(RateConfig(burst=1, period_s=8, keys_max=2))
    keys = ("ann", "bob", "ann", "cyd", "ann", "bob")
    # Ann's refusal counts as use, so Cyd takes Bob's place, and Bob comes back as if he were new.
    assert [limiter.admit(key, 0.0).admitted for key in keys] == [True, True, False, True, False, True]


@given(st.integers(1, 5), st.lists(st.sampled_from("abcdefgh"), max_size=40))
def test_the_keys_held_are_the_most_recently_used_ones(keys_max: int, keys: list[str]) -> None:
    limiter = RateLimiter(RateConfig(burst=64, period_s=64, keys_max=keys_max))
    recent: dict[str, int] = {}  # key: remaining, in order of last use
    for key in keys:
        remaining = recent.pop(key, 64) - 1
        recent = dict([*recent.items(), (key, remaining)][-keys_max:])
        assert limiter.admit(key, 0.0).remaining == remaining
        assert len(limiter) == len(recent)


@pytest.mark.parametrize(
    ("burst", "period_s", "keys_max", "names"),
    [(0, 1.0, 1, "burst.*0 and 1"), (1, 1.0, 0, "keys_max.*1 and 0"), (1, 0.0, 1, r"period_s.*0\.0")],
)
def test_a_limit_that_makes_no_sense_is_refused_by_name(burst: int, period_s: float, keys_max: int, names: str) -> None:
    with pytest.raises(ValueError, match=names):
        RateConfig(burst=burst, period_s=period_s, keys_max=keys_max)
