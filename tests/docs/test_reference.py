"""The reference says what the code does: every operation, message, policy and command, and nothing else."""

import ast
import json
import re
from pathlib import Path

import pytest

from reference_impl import policy, protocol
from reference_impl.api import views
from reference_impl.api.websocket import Auth, Post, React, Typing
from reference_impl.protocol.catalogue import EVENTS, NOTICES, RANGES, SAID, Position
from reference_impl.protocol.cursor import Cursor
from reference_impl.protocol.events import Draft, Event, EventKind, author_data, comment_data
from reference_impl.protocol.message import Shedding, gap, of_event, shown_of
from reference_impl.protocol.problem import KINDS
from reference_impl.protocol.streams import State, Stream, StreamSettings
from simulation.cli import COMMANDS
from simulation.docs.reference import commands, events, http, modules
from simulation.docs.rendering import ROOT

PLACED = Event.of(
    Draft(stream="demo", id="1", author="ada", created_at_ms=0, data=comment_data(author_data("ada", "Ada"), "Hi", [])),
    Cursor(1, 3),
    0,
)
OPTIONAL = {"role", "room", "edited", "deleted"}


def fields_of(name):
    return next(each for each in (*EVENTS, *RANGES, *NOTICES) if each.name == name).fields


def told() -> dict[str, set[str]]:
    """Every `notice(name, {…})` of the server, by its name, with the names of what it tells."""
    found: dict[str, set[str]] = {}
    for path in (ROOT / "reference_impl").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "notice" and len(node.args) == 2:
                name, data = node.args
                if isinstance(name, ast.Constant):
                    keys = data.keys if isinstance(data, ast.Dict) else []
                    found[name.value] = {each.value for each in keys if isinstance(each, ast.Constant)}
    return found


def test_every_kind_of_event_is_described():
    assert [each.name for each in EVENTS] == list(EventKind)


def test_every_notice_that_the_server_sends_is_described_and_no_other():
    assert {each.name for each in NOTICES} == told().keys() | {"reactions"}  # which the broker carries


@pytest.mark.parametrize("name", sorted(told().keys() - {"hello"}))
def test_a_notice_tells_what_is_described(name):
    assert fields_of(name).keys() == told()[name]


def test_hello_tells_how_the_stream_stands():
    stream = Stream(name="x", title="x", owner="x", state=State.OPEN, settings=StreamSettings(), opened_at_ms=0)
    text = (ROOT / "reference_impl/api/joining.py").read_text()
    added = set(re.findall(r'^        "(\w+)":', text, re.MULTILINE))
    assert fields_of("hello").keys() == views.stream(stream).keys() | added


def test_a_comments_fields_are_described():
    assert fields_of("comment").keys() - OPTIONAL == PLACED.as_dict().keys()
    assert fields_of("comment").keys() == views.CommentView.model_fields.keys()


def test_what_accounts_for_the_rest_is_described():
    shed = shown_of(1, 1, 3, [of_event(PLACED)], Shedding("budget", 1000)).messages[-1]
    for message in (gap(1, 1, 3, "slow"), shed):
        assert fields_of(message.event).keys() == json.loads(message.data).keys()
        assert message.id


def test_only_what_is_in_the_log_or_stands_for_it_has_a_position():
    assert {each.position for each in EVENTS} == {Position.EVENT}
    assert {each.position for each in RANGES} == {Position.RANGE}
    assert {each.position for each in NOTICES} == {Position.NONE}


def test_what_a_viewer_may_say_is_described():
    models = (Auth, Post, React, Typing)
    taken = {model.model_fields["type"].annotation.__args__[0]: model.model_fields.keys() for model in models}
    assert {name: fields.keys() for name, fields in SAID.items()} == {
        name: fields - {"type", "ref"} for name, fields in taken.items()
    }


def test_every_operation_says_who_may():
    found = http.operations(http.document())
    changing = [each for each in found if each.method != "GET" and each.tag != "development"]
    assert len(changing) > 15
    assert not [each.name for each in changing if each.who in ("anybody", http.READERS)]


def test_every_problem_of_an_operation_is_one_that_the_api_knows():
    named = set(re.findall(r"\d{3} `([a-z-]+)`", http.markdown()))
    assert named
    assert named <= {kind.name for kind in KINDS}


def test_every_link_to_an_object_leads_to_one():
    text = http.markdown()
    headings = {each.lower().replace(" ", "-") for each in re.findall(r"^#+ (.+)$", text, re.MULTILINE)}
    assert set(re.findall(r"\]\(#([\w-]+)\)", text)) <= headings


@pytest.mark.parametrize("package", [policy, protocol])
def test_every_module_has_a_place(package):
    name = package.__name__.rpartition(".")[2]
    found = re.findall(rf"^::: reference_impl\.{name}\.(\w+)$", modules.markdown(name), re.MULTILINE)
    files = {path.stem for path in Path(str(package.__file__)).parent.glob("*.py")}
    assert set(found) == files - {"__init__"}


def test_every_command_is_there_with_its_options():
    text = commands.markdown()
    assert re.findall(r"^## (.+)$", text, re.MULTILINE) == list(COMMANDS)
    assert "| `--build-only` | Build it, and do not serve it. |  |" in text
    assert "`./livecomments bench ingest`" in text
    assert str(ROOT) not in text


def test_the_messages_page_has_a_row_and_a_heading_for_each():
    text = events.markdown()
    for each in (*EVENTS, *RANGES, *NOTICES):
        assert f"| [`{each.name}`](#{each.name}) |" in text
        assert f"\n### {each.name}\n" in text
