"""The interview room: what is heard, what is computed, what is run, and the page that comes of it."""

import re
import shutil
import subprocess
import tomllib
from dataclasses import fields
from pathlib import Path

import pytest

from simulation.course.catalogue import LESSONS
from simulation.experiments.catalogue import FAMILIES
from simulation.interview import room as room_module
from simulation.interview.clock import Clock
from simulation.interview.design import DECISION, DECISIONS, Gate, chosen
from simulation.interview.estimates import QUANTITIES, AnswerError, Assumptions, checked
from simulation.interview.questions import FOLLOW_UPS, drawn
from simulation.interview.room import Interview
from simulation.interview.rubric import AREAS, ESTIMATES_WEIGHT, LEVELS
from simulation.interview.running import judge, met
from simulation.interview.scoring import listened

STUDIES = {each.number for each in LESSONS}
RIGHT = {
    "naive_tbit_per_s": 1_200, "shown_gbit_per_s": 120, "deliveries_per_s": 5e7, "edges_by_connections": 200,
    "chance_shown_pct": 0.01, "wait_h": 27.8, "room_viewers": 1_000, "joins_per_s": 1_667,
}  # fmt: skip  # ten million viewers, 50,000/s of 300 B, 5/s shown: worked out by hand


def test_the_weights_are_of_a_hundred():
    assert sum(area.weight for area in AREAS.values()) + ESTIMATES_WEIGHT == 100
    assert [level.breadth for level in LEVELS.values()] == [0.8, 0.6, 0.4]


def test_every_point_can_be_made_and_every_study_is_a_lesson():
    for each in [*AREAS.values(), *FOLLOW_UPS]:
        for point in each.points:
            re.compile(point.words)
        assert set([each.study] if isinstance(each.study, str) else each.study) <= STUDIES
        assert listened(each, "").score == 0
        assert listened(each, "", [point.says for point in each.points]).score == 1


def test_the_same_seed_asks_the_same_and_another_one_others():
    for name, level in LEVELS.items():
        asked = [tuple(each.name for each in drawn(name, seed)) for seed in range(30)]
        assert asked == [tuple(each.name for each in drawn(name, seed)) for seed in range(30)]
        assert len(set(asked)) > 5
        assert {len(set(each)) for each in asked} == {level.follow_ups}
    assert all(each.level == "mid" for seed in range(20) for each in drawn("mid", seed))


def test_right_estimates_are_right_and_each_says_its_consequence():
    assert all(each.right for each in checked(Assumptions(), RIGHT))
    assert set(RIGHT) == {each.name for each in QUANTITIES}
    assert all(each.so for each in QUANTITIES)


@pytest.mark.parametrize(
    ("name", "typed", "slip"),
    [
        ("naive_tbit_per_s", 150, "a byte is 8 bits"),
        ("shown_gbit_per_s", 120_000, "off by a thousand"),
        ("chance_shown_pct", 0.0001, "multiply by 100"),
        ("wait_h", 100_000, "Seconds and hours"),
        ("room_viewers", 5_000, "5 times as much"),
        ("deliveries_per_s", 0, "0 of it"),
    ],
)
def test_a_wrong_estimate_is_told_its_slip(name, typed, slip):
    found = next(each for each in checked(Assumptions(), {name: typed}) if each.quantity.name == name)
    assert found.right is False
    assert slip in found.in_words


@pytest.mark.parametrize("value", [0, -1, float("inf"), float("nan"), "many", None])
@pytest.mark.parametrize("name", [each.name for each in fields(Assumptions)])
def test_an_assumption_that_cannot_be_is_refused(name, value):
    with pytest.raises(AnswerError, match=f"{name} must be a number above 0"):
        Assumptions(**{name: value})


def test_every_choice_is_a_variant_and_every_demand_a_measure_of_its_experiment():
    for decision in DECISIONS:
        family = FAMILIES[decision.family]()
        assert set(decision.choices.values()) <= set(family.variants)
        assert {gate.measure for gate in decision.gates} <= {each.name for each in family.measures}
        assert decision.area in AREAS
        assert all((gate.at_most is None) != (gate.of_best is None) for gate in decision.gates)


@pytest.mark.parametrize(
    ("gate", "value", "best", "expected"),
    [
        (Gate("m", "", at_most=5), 5, 1, True),
        (Gate("m", "", at_most=5), 5.1, 1, False),
        (Gate("m", "", of_best=2), 2, 1, True),
        (Gate("m", "", of_best=2), 2.1, 1, False),
        (Gate("m", "", of_best=2, floor=10), 19, 0, True),
        (Gate("m", "", of_best=0.8, at_least=True), 80, 100, True),
        (Gate("m", "", of_best=0.8, at_least=True), 79, 100, False),
    ],
)
def test_a_demand_is_a_bound_or_a_share_of_the_best(gate, value, best, expected):
    assert met(gate, value, best) is expected


@pytest.mark.parametrize(
    ("decision", "worse", "better"),
    [
        ("reconnect", "at_once", "with_jitter"),
        ("delivery", "at_most_once", "exactly_once_effect"),
        ("fan_out", "queue_per_viewer", "write_window"),
        ("admission", "accept_all", "refuse_early"),
    ],
)
def test_the_simulator_tells_a_weak_choice_from_a_strong_one(decision, worse, better):
    weak, strong = judge(DECISION[decision], worse, 2), judge(DECISION[decision], better, 2)
    assert weak.score < strong.score == 1
    assert weak.better
    assert not strong.better


class Hand:
    """A clock that goes when it is told to."""

    def __init__(self):
        self.at_s = 0.0

    def __call__(self):
        return self.at_s


def test_time_is_counted_by_boxes_and_too_long_is_told():
    hand = Hand()
    clock = Clock(hand)
    clock.begin("requirements")
    hand.at_s = 600
    clock.begin("design")
    hand.at_s = 660
    clock.end()
    hand.at_s = 9_999
    assert (clock.taken_s("requirements"), clock.taken_s("design"), clock.taken_s("deep dives")) == (600, 60, 0)
    assert clock.over() == ["requirements"]


def said(interview, text):
    for area in AREAS:
        interview.say(area, text)


def test_more_said_is_worth_more_and_nothing_is_worth_nothing():
    empty, full = Interview(), Interview()
    assert empty.result().total == 0
    said(full, "")
    assert full.result().total == 0
    for area, each in AREAS.items():
        full.say(area, "", claims=[point.says for point in each.points])
    full.estimate(Assumptions(), **RIGHT)
    assert 50 < full.result().total < 100  # the follow-ups are not answered
    for each in full.follow_ups:
        full.answer(each.name, "", claims=[point.says for point in each.points])
    assert full.result().total == pytest.approx(100)
    assert full.result().band == "strong"
    assert full.result().study == []


def test_a_weak_sign_takes_a_point_back():
    text = "Bounded queues, a ladder: hints go first, then samples; never pins; refuse with 503; viewers are told."
    plain, weak = Interview().say("overload", text), Interview().say("overload", f"We just autoscale. {text}")
    assert weak.score < plain.score or weak.weak


def test_what_to_study_are_the_lessons_of_the_dearest_areas():
    interview = Interview()
    for area, each in AREAS.items():
        interview.say(area, "", claims=[] if area == "fan_out" else [point.says for point in each.points])
    interview.estimate(Assumptions(), **RIGHT)
    assert interview.result().study[0].startswith("04 ")


@pytest.mark.parametrize(
    ("act", "said"),
    [
        (lambda it: it.say("weather", ""), "no area 'weather'; there are: requirements"),
        (lambda it: it.estimate(Assumptions(), parrots=3), "no estimate parrots"),
        (lambda it: it.estimate(Assumptions(), wait_h="long"), "wait_h must be a number"),
        (lambda it: it.decide(weather="sun"), "no decision weather"),
        (lambda it: it.decide(transport="pigeon"), "transport cannot be 'pigeon'; it may be: poll_1s"),
        (lambda it: it.answer("weather", ""), "'weather' was not asked"),
        (lambda it: it.say("api", "", claims=["wisdom"]), "no such point: wisdom"),
        (lambda it: it.export("sheet.docx"), "must end in .md or .html"),
        (lambda it: Interview("boss"), "level must be one of mid, senior, staff"),
    ],
)
def test_what_cannot_be_is_told_with_what_can(act, said):
    with pytest.raises(AnswerError, match=re.escape(said)):
        act(Interview())


def test_a_choice_that_is_left_blank_is_none():
    interview = Interview()
    interview.decide(transport="")
    assert interview.run() == []


def test_the_stand_in_answers_blanks_and_the_sheet_says_so(tmp_path):
    interview = Interview(stand_in=True)
    assert interview.say("api", "").made
    assert interview.say("data", "something of my own").made == []
    text = interview.export(tmp_path / "sheet.md").read_text()
    assert "with a stand-in's said" in text.splitlines()[2]
    assert "stand-in" not in Interview().export(tmp_path / "own.md").read_text()


def test_the_stand_in_knows_every_question():
    stand_in = tomllib.loads((Path(room_module.__file__).parent / "stand_in.toml").read_text())
    assert set(stand_in["said"]) == set(AREAS)
    assert set(stand_in["estimates"]) == {each.name for each in QUANTITIES}
    assert len(chosen(stand_in["design"])) == len(DECISIONS)


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("chromium") is None, reason="needs chromium: apt install chromium")
def test_the_sheet_is_one_page_however_long_the_answers(tmp_path):
    interview = Interview("staff", 3, stand_in=True)
    said(interview, "")
    interview.estimate(Assumptions())
    interview.decide(**dict.fromkeys(DECISION, ""))
    interview.run()
    page = interview.export(tmp_path / "sheet.html")
    printed = tmp_path / "sheet.pdf"
    subprocess.run(
        [
            "chromium", "--headless", "--no-sandbox", "--disable-gpu", f"--print-to-pdf={printed}",
            "--no-pdf-header-footer", page.as_uri(),
        ],
        check=True, capture_output=True, timeout=120,
    )  # fmt: skip
    assert len(re.findall(rb"/Type\s*/Page[^s]", printed.read_bytes())) == 1
