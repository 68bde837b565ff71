"""The lessons' own closed forms, against draws of what they describe."""

from bisect import bisect_left
from random import Random

import pytest

from reference_impl.policy.polling import spread_s
from simulation.course.figures import fan_out, push_or_pull


def long_polled(per_s: float, pause_s: float, until_s: float) -> tuple[float, list[float]]:
    """One viewer: answers a second, and how late each comment was."""
    rng, comments, late, answers, now = Random(1), [], [], 0, 0.0
    while now < until_s:
        now += rng.expovariate(per_s)
        comments.append(now)
    back_s, at = 0.0, 0
    while at < len(comments):
        answered_s = max(back_s, comments[at])
        upto = max(at + 1, bisect_left(comments, answered_s))
        late += [answered_s - each for each in comments[at:upto]]
        answers, at = answers + 1, upto
        back_s = answered_s + spread_s(pause_s, rng)
    return answers / until_s, sorted(late)


@pytest.mark.parametrize("per_s", [0.2, 3.0, 20.0])
def test_long_polls_are_as_often_and_as_late_as_their_closed_form(per_s: float) -> None:
    answers_per_s, late_s = long_polled(per_s, 1.0, 40_000 / per_s)
    assert answers_per_s == pytest.approx(1 / push_or_pull.long_poll_cycle_s(per_s, 1.0), rel=0.02)
    for share in (0.5, 0.9, 0.99):
        drawn_s = late_s[int(share * len(late_s))]
        assert drawn_s == pytest.approx(push_or_pull.long_poll_late_s(per_s, 1.0, share), abs=0.02)


def test_a_hybrid_is_as_late_as_its_parts_together() -> None:
    rng = Random(2)
    late_s = sorted(0.0 if rng.random() < 0.2 else rng.uniform(0, 2.0) for _ in range(40_000))
    for share in (0.1, 0.5, 0.99):
        assert late_s[int(share * len(late_s))] == pytest.approx(fan_out.mixture_s(0.2, 2.0, share), abs=0.03)


def test_a_sharded_channel_reaches_an_edge_whole() -> None:
    assert fan_out.reaching(12, 5) == fan_out.reaching(3, 100) == 1.0


@pytest.mark.parametrize(("edges", "below", "levels"), [(1, 10, [1]), (125, 5, [1, 5, 25, 125]), (11, 10, [1, 2, 11])])
def test_a_tree_has_the_levels_it_takes(edges: int, below: int, levels: list[int]) -> None:
    assert fan_out.levels_of(edges, below) == levels
