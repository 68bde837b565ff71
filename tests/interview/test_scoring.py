"""What is listened for, which follow-ups are drawn, and what a score and its advice are made of."""

import re
from itertools import pairwise

import pytest

from simulation.course.catalogue import LESSONS
from simulation.interview.assumptions import Assumptions
from simulation.interview.clock import BOXES_MIN
from simulation.interview.design import DECISION, DECISIONS
from simulation.interview.estimates import QUANTITIES, checked
from simulation.interview.questions import FOLLOW_UPS, drawn
from simulation.interview.rubric import AREAS, LEVELS
from simulation.interview.running import Judged
from simulation.interview.scoring import Given, listened, scored

STUDIES = {each.number for each in LESSONS}
EVERYTHING = [*AREAS.values(), *FOLLOW_UPS]


class Met:
    met = True


class Unmet:
    met = False


def given(made=lambda of, point: True, right=True, choices=(), met=True, level="senior"):
    """What somebody gave who made the points that ``made`` says, and all choices but those, met or not."""
    says = {of.name: [each.says for each in of.points if made(of, each)] for of in EVERYTHING}
    figures = {each.name: each.of(Assumptions()) if right else None for each in QUANTITIES}
    judged = [Judged(each, "", [Met if met else Unmet], "") for each in DECISIONS if each.name not in choices]
    answers = [(each, listened(each, "", says[each.name])) for each in drawn(level, 1, {})]
    said = {name: listened(area, "", says[name]) for name, area in AREAS.items()}
    return Given(checked(Assumptions(), figures), said, judged, answers)


def total(level, **gave):
    return scored(LEVELS[level], given(level=level, **gave)).total


def test_the_weights_are_those_of_the_rubric():
    weights = {name: area.weight for name, area in AREAS.items()}
    assert sum(weights.values()) == 100
    assert weights == {
        "requirements": 10, "estimates": 15, "api": 10, "data": 10, "design": 15, "fan_out": 15, "overload": 10,
        "reliability": 10, "moderation": 5,
    }  # fmt: skip
    assert [level.breadth for level in LEVELS.values()] == [0.8, 0.6, 0.4]
    assert {area.box for area in AREAS.values()} == set(BOXES_MIN)


def test_every_point_can_be_made_and_every_study_is_a_lesson():
    assert {each.study for each in (*FOLLOW_UPS, *DECISIONS, *QUANTITIES)} <= STUDIES
    for each in EVERYTHING:
        for point in each.points:
            re.compile(point.words)
            assert point.study in STUDIES
        assert listened(each, "").score(0.6) == 0
        assert listened(each, "", [point.says for point in each.points]).score(1) == 1


def test_every_choice_a_question_is_about_can_be_made():
    for each in FOLLOW_UPS:
        for decision, choices in each.about.items():
            assert set(choices) <= set(DECISION[decision].choices)
    names = [*AREAS, *(each.name for each in FOLLOW_UPS)]
    assert len(names) == len(set(names))  # claims are made by name


DESIGNS = [
    {"transport": "poll_1s", "admission": "accept_all"},
    {"transport": "websocket", "partitioning": "by_time", "slow_reader": "disconnect"},
    {"transport": "sse", "fan_out": "tree", "partitioning": "hot_split", "delivery": "at_least_once"},
    {},
]


@pytest.mark.parametrize("design", DESIGNS)
@pytest.mark.parametrize("level", LEVELS)
def test_the_same_seed_asks_the_same_of_the_same_design_and_another_one_others(level, design):
    asked = [tuple(each.name for each in drawn(level, seed, design)) for seed in range(30)]
    assert asked == [tuple(each.name for each in drawn(level, seed, design)) for seed in range(30)]
    assert len(set(asked)) > 5
    assert {len(set(each)) for each in asked} == {LEVELS[level].follow_ups}


@pytest.mark.parametrize("design", DESIGNS)
@pytest.mark.parametrize("level", LEVELS)
def test_one_follow_up_is_about_what_was_chosen_and_none_about_what_was_not(level, design):
    for seed in range(20):
        asked = drawn(level, seed, design)
        assert sum(bool(each.about) for each in asked) == bool(design)
        assert all(design[name] in choices for each in asked for name, choices in each.about.items())
        assert all(list(LEVELS).index(each.level) <= list(LEVELS).index(level) for each in asked)


def test_a_question_says_what_was_chosen():
    failing = next(each for each in FOLLOW_UPS if each.name == "server_fails")
    assert failing.put({"transport": "websocket"}).asks == "What if one WebSocket server fails?"
    assert failing.put({"transport": "sse"}).asks == "What if one SSE server fails?"
    assert failing.put({}).asks == "What if one WebSocket server fails?"
    assert not [each for design in DESIGNS for each in FOLLOW_UPS if "{" in each.put(design).asks]


@pytest.mark.parametrize(
    ("area", "text", "point"),
    [
        ("requirements", "Latency matters.", "late joiners"),
        ("requirements", "In order to scale, we shard.", "in which order"),
        ("requirements", "Hotels take guests.", "hot streams"), ("design", "Users log in.", "write path"),
        ("design", "The business logic is simple.", "write path"),
        ("overload", "We ping the moderators.", "what is never"),
        ("moderation", "Moderators can delete.", "a deletion overtakes"), ("api", "A REST API.", "answers and errors"),
        ("estimates", "We need many servers.", "so many edges"), ("fan_out", "We use Kafka.", "why this broker"),
    ],
)  # fmt: skip
def test_words_that_only_look_like_a_point_are_none(area, text, point):
    assert not [each.says for each in listened(AREAS[area], text).found if each.says.startswith(point)]


@pytest.mark.parametrize(
    ("area", "text", "point"),
    [
        ("requirements", "Not everyone has to see every comment.", "whether everybody"),
        ("requirements", "p95 below 1 second", "a number for freshness"),
        ("requirements", "People who join late want to scroll back.", "late joiners"),
        ("estimates", "Each edge holds 50k sockets, so 200 of them.", "so many edges"),
        ("api", "Retries are safe: the client sends a nonce.", "a post that may"),
        ("design", "We only publish after the row is committed.", "acknowledged when durable"),
        ("fan_out", "Two-level fan-out through regional relays.", "a tree"),
        ("fan_out", "Redis over Kafka: latency; the log is durable anyway.", "why this broker"),
        ("overload", "Deletes and pins are never shed.", "what is never"),
        ("reliability", "Clients drop what they have already seen.", "dedupe"),
        ("moderation", "If the classifier takes over 200 ms we fail open.", "a time budget"),
    ],
)  # fmt: skip
def test_a_point_is_found_in_the_words_of_people(area, text, point):
    assert [each.says for each in listened(AREAS[area], text).found if each.says.startswith(point)]


def test_what_is_found_is_not_claimed_and_a_weak_sign_takes_a_point_back():
    text = "Slow viewers are disconnected; a 503 with Retry-After."
    says = [each.says for each in AREAS["overload"].points]
    plain = listened(AREAS["overload"], text, says)
    weak = listened(AREAS["overload"], f"{text} We just autoscale.", says)
    assert [len(plain.found), len(plain.claimed), len(plain.missed)] == [2, len(says) - 2, 0]
    assert len(weak.weak) == 1
    assert weak.score(1) == pytest.approx(plain.score(1) - 1 / len(says))


def test_everything_is_a_hundred_and_nothing_is_nothing():
    for level in LEVELS:
        assert total(level) == pytest.approx(100)
        assert total(level, made=lambda *_: False, right=False, met=False) == 0


@pytest.mark.parametrize("share", [0.3, 0.5, 0.6])
def test_the_same_answers_are_worth_less_the_higher_the_level(share):
    def some(of, point):
        return list(of.points).index(point) < round(share * len(of.points))

    totals = [total(level, made=some) for level in LEVELS]
    assert all(easier > harder + 2 for easier, harder in pairwise(totals))


def test_breadth_alone_is_worth_less_and_depth_more_the_higher_the_level():
    def broad(of, point):
        return of.name in AREAS and not AREAS[of.name].deep

    assert all(a > b + 10 for a, b in pairwise(total(level, made=broad, met=False) for level in LEVELS))
    assert all(
        a < b for a, b in pairwise(total(level, made=lambda *of: not broad(*of), right=False) for level in LEVELS)
    )


def test_a_choice_that_was_not_made_counts_as_nothing():
    assert total("senior", choices=["reconnect"]) < total("senior")
    assert total("senior", choices=list(DECISION)) == pytest.approx(total("senior", met=False))


@pytest.mark.parametrize(("decision", "lesson"), [(each.name, each.study) for each in DECISIONS])
def test_who_loses_by_a_choice_is_sent_to_the_lesson_about_it(decision, lesson):
    result = scored(LEVELS["senior"], given(choices=[decision]))
    assert [each[:2] for each in result.study] == [lesson]
    assert sum(result.lost.values()) == pytest.approx(100 - result.total)


@pytest.mark.parametrize(
    ("area", "lesson"),
    [
        ("requirements", "01"),
        ("estimates", "01"),
        ("data", "05"),
        ("fan_out", "04"),
        ("overload", "07"),
        ("design", "02"),
    ],
)
def test_who_says_nothing_of_an_area_is_sent_to_its_lesson(area, lesson):
    result = scored(LEVELS["senior"], given(made=lambda of, _: of.name != area))
    assert result.study[0].startswith(lesson)


def test_who_answers_no_follow_up_is_sent_to_what_they_were_about():
    asked = {each.name: each for each in drawn("senior", 1, {})}
    result = scored(LEVELS["senior"], given(made=lambda of, _: of.name not in asked))
    assert {each[:2] for each in result.study} == {each.study for each in asked.values()}


def test_who_lost_nothing_has_nothing_to_study():
    assert scored(LEVELS["staff"], given(level="staff")).study == []
