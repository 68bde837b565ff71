"""The sizes that an experiment may be swept over: what is refused before it runs, and that the smallest ones run."""

import json
from contextlib import suppress
from functools import cache
from typing import Any

import pytest

from simulation.experiments.catalogue import FAMILIES
from simulation.experiments.command import RESULTS
from simulation.experiments.family import Sweepable
from simulation.experiments.sampling_and_rooms.family import SamplingAndRooms
from simulation.experiments.sizes import ENOUGH, Limited, allowed, changed, enough

SWEPT: dict[str, Sweepable] = {name: made for name, each in FAMILIES.items() if isinstance(made := each(), Sweepable)}
NUMBERS = [(name, number) for name, family in SWEPT.items() for number in family.sizes]


@cache
def costs(name: str) -> Any:
    return json.loads((RESULTS / f"{name}.json").read_text())["costs"]


@pytest.mark.parametrize(("name", "number"), NUMBERS)
@pytest.mark.parametrize("value", [-1, 10**15])
def test_every_number_has_an_end_on_either_side(name: str, number: str, value: int) -> None:
    with pytest.raises(ValueError, match=f"{number}.* got "):
        SWEPT[name].sized({number: value})


@pytest.mark.parametrize(
    ("name", "changes", "told"),
    [
        ("fan_out", {"viewers": 100_001}, "viewers must be from 1 to 100,000, got 100,001"),
        ("fan_out", {"seconds": 1.0}, "seconds must be more than the warm-up, 1, got 1"),
        ("hot_partition", {"streams": 1}, "streams must be from 2 to 10,000, got 1"),
        ("hot_partition", {"per_s": 1.0}, "must make at least 10 comments of other streams, and these make 1.9"),
        ("backpressure", {"slow_s": 0.1, "slow_per_s": 1.0}, "slow_per_s and slow_s must make at least 10 comments"),
        ("push_vs_pull", {"seconds": 2.0}, "warm_s must be less than seconds, got 2.5 and 2"),
        ("delivery_guarantees", {"seconds": 1.0}, "seconds must be at least outage_s and the calm at the ends, 1.75"),
        ("caching", {"outage_at_s": 4.0}, "outage_at_s must be less than seconds, got 4 and 4"),
        ("caching", {"crowd": 1, "every_s": 1.0}, "must make at least 10 readers, and these make 4"),
        ("flash_crowd", {"crowd_s": 9.0}, "crowd_s must be no more than seconds, got 9 and 8"),
        ("flash_crowd", {"step_s": 1.0}, "step_s must be no more than look_s, got 1 and 0.5"),
        ("moderation_budget", {"seconds": 19.0}, "until the scorer's outage ends, 20, got 19"),
        ("consumer_groups", {"per_s": 1.0}, "per_s and seconds, or before_s and after_s, must make at least 10 pieces"),
        ("world_cup", {"seconds": 240.0}, "seconds must be more than until the cut ends, 240, got 240"),
        ("world_cup", {"window_ms": 300}, "window_ms must divide a second"),
        ("world_cup", {"peak_per_s": 100.0}, "peak_per_s must be no less than base_per_s, 8000, got 100"),
    ],
)
def test_what_cannot_be_run_is_told_with_what_can(name: str, changes: dict[str, float], told: str) -> None:
    with pytest.raises(ValueError, match=told):
        SWEPT[name].sized(changes)


def test_more_commenters_than_viewers_are_told_with_how_many_there_may_be() -> None:
    family = SamplingAndRooms()
    with pytest.raises(
        ValueError, match="200 chats have 161,400 authors, who are all viewers, and viewers is 50,000: at"
    ):
        family.sized({"chats": 200})
    family.sized({"chats": 61})
    with pytest.raises(ValueError, match="at most 61 chats are allowed with so many, or at least 50,034 viewers"):
        family.sized({"chats": 62})
    family.sized({"chats": 200, "viewers": 161_400})


def test_a_chat_is_not_asked_for_longer_than_it_lasts() -> None:
    with pytest.raises(
        ValueError, match=r"a chat lasts 75\d.* at 10 times its speed 75\.\d+ s: seconds must be no more"
    ):
        SamplingAndRooms().sized({"speed": 10.0})


@pytest.mark.parametrize("name", SWEPT)
def test_the_own_size_is_allowed(name: str) -> None:
    family = SWEPT[name]
    family.sized(family.sizes)


def smallest(name: str) -> list[tuple[str, float]]:
    """Each number's least value that is allowed beside the others' own."""
    family, found = SWEPT[name], list[tuple[str, float]]()
    for number, within in allowed(family._size).items():  # type: ignore[attr-defined]
        with suppress(ValueError):
            family.sized({number: within.least})
            found.append((number, within.least))
    return found


@pytest.mark.parametrize(
    ("name", "variant"),
    [
        ("fan_out", "hybrid-2s"), ("failover", "edge"), ("delivery_guarantees", "at-most-once"), ("caching", "plain"),
        ("consumer_groups", "slow"), ("hot_partition", "by_stream"),
    ],
)  # fmt: skip
def test_the_smallest_that_is_allowed_has_figures(name: str, variant: str) -> None:
    for number, least in smallest(name):
        found = SWEPT[name].sized({number: least}).simulate(variant, 0, costs(name))
        assert found.values, number
        assert not found.why_void


def test_numbers_are_refused_alone_and_together() -> None:
    assert enough("posts", ENOUGH, "per_s") == ""
    assert enough("posts", 3.25, "per_s and seconds") == (
        "per_s and seconds must make at least 10 posts, and these make 3.2"
    )
    size = SamplingAndRooms()._size
    assert isinstance(size, Limited)
    assert changed(size, {}) == size
