"""The interview room: what a candidate goes through, and the page that comes of it."""

import re
import shutil
import subprocess
import tomllib
from pathlib import Path

import pytest

from simulation.interview import room as room_module
from simulation.interview import running
from simulation.interview.assumptions import Assumptions
from simulation.interview.clock import Clock
from simulation.interview.design import DECISION, DECISIONS, chosen
from simulation.interview.estimates import QUANTITIES
from simulation.interview.lobby import Lobby
from simulation.interview.questions import FOLLOW_UPS
from simulation.interview.room import Interview
from simulation.interview.rubric import AREAS, LEVELS
from simulation.interview.running import Judged
from simulation.interview.typed import AnswerError


class Hand:
    """A clock that goes when it is told to."""

    def __init__(self):
        self.at_s = 0.0

    def __call__(self):
        return self.at_s


@pytest.fixture
def no_simulator(monkeypatch):
    """What the simulator says is another test's; here every choice meets all there is."""
    monkeypatch.setattr(room_module, "judge", lambda decision, choice: Judged(decision, choice, [Met], ""))


class Met:
    met = True
    figure = type("Figure", (), {"mean": 1.0, "half_width": 0.0})
    gate = DECISIONS[0].gates[0]
    title = "something"


def test_time_is_counted_by_boxes_and_too_long_is_told():
    hand = Hand()
    clock = Clock(hand)
    assert str(clock) == "It has not begun: 45 min."
    clock.begin("requirements")
    hand.at_s = 600
    assert str(clock) == "Of requirements 10 of 8 min are gone, of all 10 of 45. This box is full: go on."
    clock.begin("design")
    hand.at_s = 660
    assert str(clock) == "Of design 1 of 12 min are gone, of all 11 of 45."
    clock.begin("requirements")  # is over
    clock.end()
    hand.at_s = 9_999
    assert (clock.taken_s("requirements"), clock.taken_s("design"), clock.taken_s("deep dives")) == (600, 60, 0)
    assert clock.over() == ["requirements"]


def test_the_machines_time_is_not_the_candidates():
    hand = Hand()
    clock = Clock(hand)
    clock.begin("design")
    hand.at_s = 60
    clock.begin("deep dives")
    with clock.stopped():
        hand.at_s = 1_060
    hand.at_s = 1_070
    assert (clock.taken_s("design"), clock.taken_s("deep dives"), clock.total_s) == (60, 10, 70)


def test_who_talks_too_long_about_requirements_loses_a_point_and_is_told(tmp_path):
    hand = Hand()
    slow, quick = Interview(clock=Clock(hand)), Interview(clock=Clock(Hand()))
    for each in (slow, quick):
        each.brief()
        hand.at_s += 481
        each.say("requirements", "In which order? What may be lost? Late joiners get history.")
    assert slow.result().total < quick.result().total
    hand.at_s = 50 * 60
    text = slow.export(tmp_path / "sheet.md").read_text("utf-8").replace("\u00a0", " ")
    assert "it took 50 of 45 minutes" in text
    assert "✗ more than its 8 minutes" in text


def test_a_box_begins_with_the_first_word_about_it():
    hand = Hand()
    interview = Interview(clock=Clock(hand))
    interview.brief()
    hand.at_s = 60
    interview.estimate(Assumptions())
    interview.say("estimates", "")
    hand.at_s = 120
    interview.say("data", "")
    hand.at_s = 180
    interview.decide()
    hand.at_s = 240
    assert [interview.clock.taken_s(box) for box in ("requirements", "design", "deep dives")] == [120, 60, 60]


@pytest.mark.parametrize(
    ("act", "said"),
    [
        (lambda it: it.say("weather", ""), "no area 'weather'; there are: requirements"),
        (lambda it: it.say("api", None), "an answer is text of at most 20,000 letters, got 'None'"),
        (lambda it: it.say("api", "x" * 20_001), "at most 20,000 letters"),
        (lambda it: it.estimate(Assumptions(), parrots=3), "no estimate parrots"),
        (lambda it: it.decide(weather="sun"), "no decision weather"),
        (lambda it: it.decide(transport="pigeon"), "transport cannot be 'pigeon'; it may be: poll_1s"),
        (lambda it: it.answer("weather", ""), "'weather' was not asked"),
        (lambda it: it.claim("weather", ""), "nothing to claim in 'weather'"),
        (lambda it: it.claim("api", "wisdom"), "'wisdom' begins 0 points; there are: a post that may be sent again"),
        (lambda it: it.claim("requirements", "a"), "'a' begins 2 points"),
        (lambda it: it.export("sheet.docx"), "must end in .md or .html"),
        (lambda it: Interview("boss"), "level must be one of mid, senior, staff"),
    ],
)
def test_what_cannot_be_is_told_with_what_can(act, said):
    interview = Interview()
    with pytest.raises(AnswerError, match=re.escape(said)) as told:
        act(interview)
    assert told.value._render_traceback_() == [f"Try again: {told.value}."]  # in a notebook, without our code
    assert interview.result().total == 0


@pytest.mark.parametrize(
    ("typed", "choice"),
    [("SSE", "sse"), ("Web sockets", "websocket"), ("web-socket", "websocket"), ("long polling", "long_poll")],
)
def test_a_choice_may_be_spelt_as_people_do(typed, choice):
    assert chosen({"transport": typed}) == {DECISION["transport"]: choice}


def test_the_last_answer_counts_and_a_choice_that_is_left_blank_stays(no_simulator):
    interview = Interview()
    interview.say("api", "An Idempotency-Key.")
    interview.say("api", "A cursor.")
    assert interview.say("api", "").made == []
    interview.decide(transport="")
    assert interview.run() == []
    interview.decide(transport="sse")
    interview.decide(transport="", reconnect="at_once")
    interview.decide(reconnect="with_jitter")
    assert {each.decision.name: each.choice for each in interview.run()} == {
        "transport": "sse", "reconnect": "with_jitter",
    }  # fmt: skip


def test_what_is_missed_is_told_at_once_only_where_the_level_gives_hints():
    for name, level in LEVELS.items():
        interview = Interview(name)
        told = interview.tells(interview.say("api", "A cursor.")).replace("\u00a0", " ")
        assert told.startswith("✓ one cursor for history and live")
        assert ("○ limits told to the client" in told) is level.hints
        assert told.endswith("; 4 more") is not level.hints
        assert ("Hints" in interview.brief()) is level.hints


def test_what_a_figure_is_is_told_at_once_only_where_the_level_gives_hints():
    for name, level in LEVELS.items():
        interview = Interview(name)
        told = [interview.tells(each) for each in interview.estimate(Assumptions(), room_viewers=5_000, wait_h="?")]
        assert all(("It is" in each) is level.hints for each in told)
        assert "5,000: not by your own assumptions. That is 5 times as much." in " ".join(told)


def test_follow_ups_are_about_what_was_chosen_and_stay_when_that_changes():
    interview = Interview("senior", 3)
    interview.decide(transport="long_poll")
    asked = interview.ask()
    assert "long polling" in asked[0].asks
    interview.decide(transport="sse", partitioning="by_time")
    assert interview.ask() == asked
    assert interview.answer(asked[0].name, "Empty answers are paid for.").made


def test_claims_count_are_marked_and_what_the_score_is_without_them_is_said(tmp_path):
    interview = Interview()
    interview.say("api", "A cursor.")
    before = interview.result().total
    interview.claim("api", "limits told", "one cursor")
    interview.claim(interview.follow_ups[0].name, interview.follow_ups[0].points[0].says)
    for ending in (".md", ".html"):
        page = interview.export(tmp_path / f"sheet{ending}").read_text("utf-8").replace("\u00a0", " ")
        assert "✓ one cursor for history and live; ◆ limits told to the client; ○ a post that may be sent again" in page
        assert f"◆ {interview.follow_ups[0].points[0].says}" in page
        assert f"{before:.0f} without what was claimed (◆)" in page
        assert "✓ found in the candidate" in page  # the legend
    assert interview.result().total > before


def test_after_the_sheet_points_may_be_claimed_and_nothing_be_said(tmp_path):
    interview = Interview()
    interview.export(tmp_path / "sheet.md")
    for act in (
        lambda: interview.say("api", "A cursor."), lambda: interview.estimate(Assumptions()), interview.decide,
        interview.run, interview.ask,
    ):  # fmt: skip
        with pytest.raises(AnswerError, match="the interview ended with its sheet"):
            act()
    interview.claim("api", "one cursor")
    assert "◆\u00a0one cursor" in interview.export(tmp_path / "sheet.md").read_text("utf-8")


def test_choices_that_were_not_run_are_run_for_the_sheet(tmp_path, no_simulator):
    interview = Interview()
    interview.decide(reconnect="with_jitter")
    assert "| with_jitter | 1 of 1 demands met; such as: " in interview.export(tmp_path / "sheet.md").read_text("utf-8")


def test_what_is_typed_does_not_break_the_page(tmp_path):
    interview = Interview()
    interview.estimate(Assumptions(), wait_h="<script>alert(1)</script>", room_viewers="a|b\nc")
    page = interview.export(tmp_path / "sheet.html").read_text("utf-8")
    assert "<script>" not in page
    rows = [line for line in interview.export(tmp_path / "sheet.md").read_text("utf-8").splitlines() if "a/b" in line]
    assert [row.count("|") for row in rows] == [3]


def test_the_stand_in_answers_blanks_and_the_sheet_says_which(tmp_path):
    interview = Interview(stand_in=True)
    assert interview.say("api", "").made
    assert interview.say("data", "something of my own").made == []
    interview.estimate(Assumptions(), **{each.name: 1 for each in QUANTITIES[1:]})
    text = interview.export(tmp_path / "sheet.md").read_text("utf-8")
    assert "2 answers are a stand-in's (†)" in text.splitlines()[2]
    assert text.count("| API † |") == 1
    assert "| Data model |" in text
    own = Interview(stand_in=True)
    own.say("api", "")
    own.say("api", "I thought of it myself.")
    assert own.stood_in == set()


def test_the_stand_in_knows_every_question():
    stand_in = tomllib.loads((Path(room_module.__file__).parent / "stand_in.toml").read_text())
    assert set(stand_in["said"]) == set(AREAS)
    assert set(stand_in["estimates"]) == {each.name for each in QUANTITIES}
    assert len(chosen(stand_in["design"])) == len(DECISIONS)


def test_the_lobby_enters_with_what_is_chosen():
    room = Lobby("staff", 5, stand_in=True).enter()
    assert (room.level.name, room.seed) == ("staff", 5)
    assert room.say("api", "").made
    assert Lobby().enter().say("api", "").made == []


def bad_but_for_the_last(decision, replications):
    """Figures as long as they get, of which nothing is met."""
    *bad, last = decision.choices
    return {
        choice: {gate.measure: [9_876_543.21, 8_765_432.1] if (choice in bad) is not gate.at_least else [0.0, 0.0]
        for gate in decision.gates} for choice in (*bad, last)
    }  # fmt: skip


def all_that_can_be_written(path):
    """The longest page there is: everything wrong, at the level that asks most, of the longest questions."""
    interview = Interview("staff", 3, stand_in=True, clock=Clock(Hand()))
    interview.brief()
    interview.clock.now.at_s = 50 * 60
    for area in AREAS:
        interview.say(area, "We just autoscale. Order by time; offset and limit. One server per stream.")
    interview.claim("moderation", "a deletion")
    interview.estimate(Assumptions(), **{each.name: "nothing that can be read " * 9 for each in QUANTITIES})
    interview.decide(**{name: next(iter(each.choices)) for name, each in DECISION.items()})
    longest = sorted(FOLLOW_UPS, key=lambda each: -len(each.asks) - sum(len(point.says) for point in each.points))
    interview._asked = longest[: LEVELS["staff"].follow_ups]
    return interview.export(path)


@pytest.mark.skipif(shutil.which("chromium") is None, reason="needs chromium: apt install chromium")
@pytest.mark.parametrize("size", ["A4", "Letter"])
def test_the_sheet_is_one_page_however_much_is_wrong(tmp_path, size, monkeypatch):
    monkeypatch.setattr(running, "simulated", bad_but_for_the_last)
    page = all_that_can_be_written(tmp_path / "sheet.html")
    text = page.read_text("utf-8")
    assert text.count("; NOT met: ") == len(DECISIONS)
    page.write_text(text.replace("size: A4", f"size: {size}"), "utf-8")
    printed = tmp_path / "sheet.pdf"
    subprocess.run(
        [
            "chromium", "--headless", "--no-sandbox", "--disable-gpu", f"--print-to-pdf={printed}",
            "--no-pdf-header-footer", page.as_uri(),
        ],
        check=True, capture_output=True, timeout=120,
    )  # fmt: skip
    assert len(re.findall(rb"/Type\s*/Page[^s]", printed.read_bytes())) == 1
