"""The search of the built site finds every lesson, and quotes nothing that a prediction holds back."""

import json
import re

import pytest

from simulation.course.catalogue import LESSONS
from simulation.docs.rendering import ROOT
from simulation.docs.search import glossary, hold_back, named, plain

MARK = re.compile(r"<!--.*?-->")
COUNTED = re.compile(r"(?<![\w./])\d[\d.,]*")  # names such as p99 and M/D/1 are none


@pytest.fixture(scope="session")
def entries(site):
    index = json.loads((site / "search/search_index.json").read_text())
    return {entry["location"]: entry for entry in index["docs"]}


def of_lesson(entries, lesson):
    return {at: each for at, each in entries.items() if at.startswith(f"{lesson.page}/")}


def words(text):
    return re.sub(r"[\W_]+", " ", text).strip()


def shown(entry):
    return f"{plain(entry['title'])} {plain(entry['text'])}"


parametrized = pytest.mark.parametrize("lesson", LESSONS, ids=lambda lesson: lesson.number)


@pytest.mark.slow
@parametrized
def test_no_outcome_is_quoted(entries, lesson):
    page = (ROOT / "lessons" / f"{lesson.page}.md").read_text()
    came_out = page.partition("## What came out\n")[2].partition("\n## ")[0]
    outcomes = re.findall(r"^\d+\. (.+?)(?=^\d+\. |\n\n|\Z)", MARK.sub("", came_out), re.DOTALL | re.MULTILINE)
    assert len(outcomes) >= 3
    indexed = words(" ".join(plain(each["text"]) for each in entries.values()))
    whys = [words(outcome.partition("**: ")[2]) for outcome in outcomes]
    assert not [why for why in whys if not why or why[:60] in indexed]


@pytest.mark.slow
@parametrized
def test_no_figure_that_is_held_back_is_quoted(entries, lesson):
    held = [each for at, each in of_lesson(entries, lesson).items() if "#" in at and not at.endswith("#commit-first")]
    assert len(held) >= 9
    assert not [number for each in held for number in COUNTED.findall(each["text"])]


@pytest.mark.slow
@parametrized
def test_a_lesson_is_found_by_its_title_and_its_concepts(site, entries, lesson):
    assert entries[f"{lesson.page}/"]["title"].endswith(lesson.title)
    html = (site / lesson.page / "index.html").read_text()
    meant = set(named(glossary(entries.values()), plain(html.partition("<details")[2].partition("</details>")[0])))
    assert len(meant) >= 5
    assert meant <= set(named(meant, " ".join(shown(each) for each in of_lesson(entries, lesson).values())))


def test_only_what_is_inside_a_reveal_is_held_back(tmp_path):
    (tmp_path / "search").mkdir()
    (tmp_path / "lesson").mkdir()
    (tmp_path / "lesson" / "index.html").write_text(
        '<h1 id="one">One</h1><h2 id="first">First</h2>'
        '<details class="reveal"><h2 id="out">Out</h2></details><h2 id="after">After</h2>'
    )
    entry = {"title": "A", "text": "<p>leases took 12 ms</p>"}
    places = ["lesson/", "lesson/#first", "lesson/#out", "lesson/#after", "other/#out"]
    docs = [{"location": at, **entry} for at in places] + [{"location": "glossary/#l", "title": "Lease", "text": "x"}]
    (tmp_path / "search/search_index.json").write_text(json.dumps({"docs": docs}))
    hold_back(tmp_path)
    written = json.loads((tmp_path / "search/search_index.json").read_text())
    after = {each["location"]: each["text"] for each in written["docs"]}
    assert after == dict.fromkeys(places, entry["text"]) | {"lesson/#out": "Lease", "glossary/#l": "x"}


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("a token bucket", ["Token bucket"]),
        ("two partitions", ["Partition"]),
        ("a catalogue of logic", []),
        ("the log", ["Log"]),
    ],
)
def test_a_word_is_known_in_a_text(text, found):
    assert named(["Token bucket", "Partition", "Log"], text) == found
