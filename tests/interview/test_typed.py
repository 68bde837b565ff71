"""Figures as people type them."""

import math

import pytest

from simulation.interview.typed import EXAMPLES, read


@pytest.mark.parametrize(
    ("typed", "unit", "value"),
    [
        ("600 Tbps", "Tbit/s", 600), ("0.6 Pb/s", "Tbit/s", 600), ("75 TB/s", "Tbit/s", 600),
        ("600 terabits per second", "Tbit/s", 600), ("600,000 Gbit/s", "Tbit/s", 600), ("6e14 bit/s", "Tbit/s", 600),
        ("600T", "Tbit/s", 600), ("1.2k", "Tbit/s", 1_200), ("600", "Tbit/s", 600), ("0.06 Tbps", "Gbit/s", 60),
        ("5e4", "/s", 5e4), ("50k", "/s", 5e4), ("5x10^7", "/s", 5e7), ("5 * 10**7 /s", "/s", 5e7),
        ("3 billion/min", "/s", 5e7), ("50 million deliveries per second", "/s", 5e7), ("about 1,667 /s", "/s", 1_667),
        ("1,000", "", 1_000), ("1 000 000", "", 1e6), ("10 M", "", 1e7), ("10M viewers", "", 1e7), ("10^7", "", 1e7),
        ("~200 edges", "", 200), ("200.", "", 200), (" 7 ", "", 7), (".5", "", 0.5), ("-5", "", -5),
        ("0.01 %", "%", 0.01), ("1 in 10,000", "%", 0.01), ("1/10k", "%", 0.01), ("0.01", "%", 0.01),
        ("28 hours", "h", 28), ("100,800 s", "h", 28), ("90 min", "h", 1.5), ("500 ms", "s", 0.5),
        ("300 B", "B", 300), ("0.3 kB", "B", 300), ("2400 bits", "B", 300), (300, "B", 300), (0.5, "h", 0.5),
    ],
)  # fmt: skip
def test_a_figure_is_read_in_the_unit_that_is_asked_for(typed, unit, value):
    assert read(typed, unit) == pytest.approx(value)


@pytest.mark.parametrize(
    ("typed", "unit"),
    [
        ("", ""), ("lots", ""), ("I think it is around two hundred", ""), ("100-200", ""), ("27,8", "h"), ("1,00", ""),
        ("12345,678", ""), ("60 %", "/s"), ("200 edges/s", ""), ("5 parrots", ""), ("28 Tbit/s", "h"), ("1e999", ""),
        ("9" * 500, ""), (10**400, ""), (math.nan, ""), (math.inf, ""), (True, ""), (None, ""), ([5], ""), (".", ""),
        ("1 in 0", "%"), ("1 in many", "%"), ("1.2.3", ""),
    ],
)  # fmt: skip
def test_what_could_be_anything_is_not_guessed(typed, unit):
    assert read(typed, unit) is None


@pytest.mark.parametrize("unit", EXAMPLES)
def test_every_example_can_be_read(unit):
    assert all(read(each, unit) for each in EXAMPLES[unit].split(" or "))
