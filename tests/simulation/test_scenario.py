"""Scenarios and traces: what is read, and what is refused with which words."""

import json

import pytest

from simulation.scenario import SCENARIOS, Scenario, ScenarioError, load_scenario, make_scenario
from simulation.trace import PAUSE_MS, load_trace, schedule


@pytest.mark.parametrize("path", sorted(SCENARIOS.glob("*.toml")), ids=lambda path: path.stem)
def test_every_shipped_scenario_can_be_read_and_has_its_file_name(path):
    assert load_scenario(path.stem).name == path.stem


def test_a_scenario_survives_the_way_through_json(tmp_path):
    scenario = Scenario(name="there-and-back", seed=7)
    path = tmp_path / "scenario.json"
    path.write_text(scenario.model_dump_json())
    assert load_scenario(str(path)) == scenario


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"audience": {"viewers": 0}}, "audience.viewers: Input should be greater than or equal to 1, got 0"),
        ({"viewers": 5}, "viewers: Extra inputs are not permitted, got 5"),
        ({"duration_s": "long"}, "duration_s"),
        ({"system": {"delivery": "pigeon"}}, "system.delivery: Input should be 'raw' or 'plain', got 'pigeon'"),
    ],
)
def test_a_bad_field_is_named_with_what_was_seen_and_what_is_allowed(fields, words):
    with pytest.raises(ScenarioError) as caught:
        make_scenario(fields, "here")
    assert words in str(caught.value)


def test_a_missing_scenario_names_those_there_are():
    with pytest.raises(ScenarioError, match="named ones: kill, quick, storm, up"):
        load_scenario("nope")


def test_broken_toml_is_said_to_be_broken(tmp_path):
    path = tmp_path / "broken.toml"
    path.write_text("name = ")
    with pytest.raises(ScenarioError, match=r"broken\.toml is not TOML"):
        load_scenario(str(path))


def test_a_faster_replay_shortens_the_authors_rate_period_by_its_speed():
    fast = make_scenario({"workload": {"speed": 20}}, "here")
    assert fast.rate_period_s == pytest.approx(fast.system.rate_period_s / 20)
    assert make_scenario({"workload": {"speed": 0.5}}, "here").rate_period_s == fast.system.rate_period_s


def _trace(tmp_path, *rows):
    path = tmp_path / "trace.jsonl"
    path.write_text("".join(row if isinstance(row, str) else json.dumps(row) + "\n" for row in rows))
    return str(path)


def test_the_schedule_is_the_trace_at_the_given_speed_and_starts_again_when_it_ends(tmp_path):
    rows = [{"offset_ms": at, "user": "u", "text": str(at)} for at in (0, 500, 1000)]
    workload = {"trace": _trace(tmp_path, *rows), "speed": 2}
    posts = schedule(make_scenario({"duration_s": 2, "workload": workload}, "here"))
    assert PAUSE_MS == 1000
    assert [post.at_s for post in posts] == [0.0, 0.25, 0.5, 1.0, 1.25, 1.5]


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ('{"offset_ms": 5}\n', r"line 1: expected \{"),
        ('{"offset_ms": -1, "user": "u", "text": "t"}\n', "offset_ms must be a whole number >= 0"),
        ("nonsense\n", "line 1: expected"),
        ("", "holds no comment"),
    ],
)
def test_a_malformed_trace_is_refused_with_the_line(tmp_path, line, words):
    with pytest.raises(ScenarioError, match=words):
        load_trace(_trace(tmp_path, line))


def test_a_trace_that_goes_back_in_time_is_refused(tmp_path):
    rows = [{"offset_ms": at, "user": "u", "text": "t"} for at in (10, 5)]
    with pytest.raises(ScenarioError, match="line 2: offset_ms goes back from 10 to 5"):
        load_trace(_trace(tmp_path, *rows))


def test_a_missing_trace_names_the_shipped_ones():
    with pytest.raises(ScenarioError, match=r"give a file, or one of twitch-a\.jsonl"):
        load_trace("nope.jsonl")
