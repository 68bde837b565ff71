"""The arithmetic of an interview."""

from dataclasses import fields

import pytest

from simulation.interview.assumptions import ASSUMED_IN, Assumptions
from simulation.interview.estimates import QUANTITIES, checked
from simulation.interview.typed import EXAMPLES, AnswerError, read

RIGHT = {
    "naive_tbit_per_s": 1_200, "shown_gbit_per_s": 120, "deliveries_per_s": 5e7, "edges_by_connections": 200,
    "chance_shown_pct": 0.01, "wait_h": 27.8, "room_viewers": 1_000, "joins_per_s": 1_667,
}  # fmt: skip  # ten million viewers, 50,000/s of 300 B, 5/s shown: worked out by hand


def found(name, typed, given=None):
    return next(each for each in checked(given or Assumptions(), {name: typed}) if each.quantity.name == name)


def test_right_estimates_are_right_and_each_says_its_consequence():
    assert all(each.right for each in checked(Assumptions(), RIGHT))
    assert set(RIGHT) == {each.name for each in QUANTITIES}
    assert all(each.so for each in QUANTITIES)


def test_right_is_what_follows_from_ones_own_assumptions():
    given = Assumptions.read(comment_bytes="150 B", viewers="10 M")
    assert found("naive_tbit_per_s", "600 Tbps", given).right
    assert not found("naive_tbit_per_s", "600 Tbps").right


@pytest.mark.parametrize(
    ("name", "typed", "slip"),
    [
        ("naive_tbit_per_s", 150, "a byte is 8 bits"),
        ("naive_tbit_per_s", "150 Tbps", "a byte is 8 bits"),
        ("naive_tbit_per_s", 0.12, "That is with the display budget"),
        ("shown_gbit_per_s", 120_000, "off by a thousand"),
        ("chance_shown_pct", 0.0001, "multiply by 100"),
        ("wait_h", 100_000, "Seconds and hours"),
        ("wait_h", "10 s", "as if every comment were shown"),
        ("room_viewers", 5_000, "5 times as much"),
        ("room_viewers", 10_000, "One zero is too many"),
        ("room_viewers", 8_000, "8 times as much"),  # viewers have no bits
        ("joins_per_s", 50_000, "all of them in one second"),
        ("joins_per_s", "100k per minute", "right"),
        ("deliveries_per_s", 5e11, "without the budget"),
        ("deliveries_per_s", 0, "more than nothing"),
        ("deliveries_per_s", "-5e7", "more than nothing"),
        ("room_viewers", "many", "“many”: no figure such as 2,500 or 3 M. It is 1,000"),
        ("room_viewers", "a|b", "“a/b”"),
        ("room_viewers", "x" * 500, f"“{'x' * 30}…”"),
    ],
)  # fmt: skip
def test_an_estimate_is_told_its_slip(name, typed, slip):
    assert slip in found(name, typed).in_words


@pytest.mark.parametrize("typed", [None, "", "  "])
def test_a_blank_is_told_what_it_is_and_how(typed):
    blank = found("room_viewers", typed)
    assert not blank.right
    assert blank.in_words == "Not estimated. It is 1,000 (shown/s x viewers / comments/s)"
    assert blank.verdict == "Not estimated."


def test_no_example_of_how_to_write_gives_an_answer_away():
    for each in QUANTITIES:
        for example in EXAMPLES[each.unit].split(" or "):
            assert not found(each.name, read(example, each.unit)).right


@pytest.mark.parametrize("value", [0, -1, float("inf"), float("nan"), "many", "-5", True])
@pytest.mark.parametrize("name", [each.name for each in fields(Assumptions)])
def test_an_assumption_that_cannot_be_is_refused(name, value):
    with pytest.raises(AnswerError, match=f"{name} must be a number above 0"):
        Assumptions(**{name: value})
    with pytest.raises(AnswerError, match=f"{name} must be a number above 0"):
        Assumptions.read(**{name: value})


def test_an_assumption_that_is_left_blank_is_the_usual_one_and_one_that_is_none_is_refused():
    assert Assumptions.read(viewers="", spread_s=None) == Assumptions()
    assert set(ASSUMED_IN) == {each.name for each in fields(Assumptions)}
    with pytest.raises(AnswerError, match="nothing is assumed of parrots"):
        Assumptions.read(parrots=3)
