"""The lessons keep their promise: predict first, every number from a run, both engines, the gap, something to do."""

import re
from pathlib import Path

import pytest

from simulation.course.catalogue import LESSONS, all_exercises
from simulation.docs.rendering import of_page

ROOT = Path(__file__).parents[2]
SECTIONS = [
    "Commit first", "What came out", "In closed form", "Simulated", "Live", "The gap", "Break it", "Exercises",
    "In two minutes", "What would change the answer",
]  # fmt: skip
SMALL = 10  # whole numbers up to it are words: "two engines", "step 3"
QUESTIONS_MIN = 2
WORDS = range(900, 1801)
MARKED = re.compile(r"<!--= \w+ -->.*?<!--/-->|<!-- (?:result|source): .+? -->.*?<!-- end -->", re.DOTALL)
# What holds numbers that are no results: code, targets of links, names (of standards, lessons, HTTP statuses), markup.
OTHER = re.compile(
    r"```.*?```|^    [^\n]*$|`[^`\n]*`|\]\([^)]*\)|<[^>]+>|RFC \d+|HTTP/\d(?:\.\d)?|[Ll]essons? \d+|^\d+\. |^#+ \d+\. "
    r"|\b(?:UUIDv7|SHA-256|UTF-8|ISO 8601|p50|p95|p99|20[0-4]|304|4(?:0[1-9]|13|22|29)|50[0-4])\b",
    re.DOTALL | re.MULTILINE,
)
NUMBER = re.compile(r"(?<![\w-])\d[\d,]*(?:\.\d+)?")

WRITTEN = [each for each in LESSONS if "## Commit first" in (ROOT / "lessons" / f"{each.page}.md").read_text()]


def text_of(lesson):
    return (ROOT / "lessons" / f"{lesson.page}.md").read_text()


def section(text, name):
    return re.search(rf"^## {re.escape(name)}\n(.*?)(?=^## |^</details>$|\Z)", text, re.DOTALL | re.MULTILINE)[1]


def choices(text):
    """The answers to choose from, of each question."""
    asked = re.findall(r"^\d+\. .*\n(?:   \w.*\n)*((?:    - \[ \] .*\n)+)", section(text, "Commit first"), re.MULTILINE)
    return [re.findall(r"- \[ \] (.*)", options) for options in asked]


def unsourced(text):
    """Numbers of the prose that no artefact and no mark stands behind."""
    left = OTHER.sub(" ", MARKED.sub("·", text))  # a blank could make code of a line
    found = [match[0] for match in NUMBER.finditer(left)]
    return [each for each in found if "." in each or int(each.replace(",", "")) > SMALL]


def words(text):
    """Those of the prose: without tables, code, headings, what one may choose from, and numbers."""
    prose = re.sub(r"<!-- (?:result|source): .+? -->.*?<!-- end -->|```.*?```", " ", text, flags=re.DOTALL)
    prose = re.sub(r"<!--.*?-->|<[^>]+>|!\[[^\]]*\]|\]\([^)]*\)", "", prose, flags=re.DOTALL)
    prose = re.sub(r"^(?:    |\||#).*", "", prose, flags=re.MULTILINE)
    return re.findall(r"[^\W\d_]\S*", prose)


parametrized = pytest.mark.parametrize("lesson", WRITTEN, ids=lambda lesson: lesson.number)


@parametrized
def test_a_lesson_has_the_course_of_a_lesson(lesson):
    assert re.findall(r"^## (.+)$", text_of(lesson), re.MULTILINE) == SECTIONS
    assert text_of(lesson).startswith(f"# {int(lesson.number)}. {lesson.title}\n\n> **")


@parametrized
def test_no_section_is_empty(lesson):
    for name in SECTIONS:
        assert section(text_of(lesson), name).strip(), f"{name} is empty"


@parametrized
def test_nothing_is_revealed_before_the_prediction(lesson):
    before, _, after = text_of(lesson).partition('<details class="reveal" markdown="1">')
    assert re.search(r"^## Commit first$", before, re.MULTILINE)
    assert "## What came out" in after
    assert "<!-- result:" not in before
    said = re.sub(r"^    - \[ \] .*$", "", before, flags=re.MULTILINE)
    for number, options in enumerate(choices(text_of(lesson)), 1):
        outcome = of_page(f"lessons/{lesson.page}.md")[f"outcome_{number}"]
        # Where the text explains what there is to choose from, it names others too.
        alone = not any(each in said for each in options if each != outcome)
        assert not (alone and outcome in said and len(outcome) > len("smaller")), f"{outcome} is named before"


@parametrized
def test_each_outcome_is_one_of_the_answers_to_choose_from(lesson):
    text = text_of(lesson)
    questions = choices(text)
    outcomes = re.findall(
        r"^\d+\. \*\*<!--= outcome_(\d+) -->(.*?)<!--/-->\*\*", section(text, "What came out"), re.MULTILINE
    )
    assert len(questions) == len(outcomes) >= QUESTIONS_MIN
    for number, (options, (named, outcome)) in enumerate(zip(questions, outcomes, strict=True), 1):
        assert int(named) == number
        assert outcome in options, f"{outcome!r} is none of {options}"


@parametrized
def test_a_lesson_is_short(lesson):
    assert len(words(text_of(lesson))) in WORDS


@parametrized
def test_every_number_comes_from_a_result(lesson):
    text = text_of(lesson)
    text = text.replace(section(text, "Commit first"), "")  # what one may choose from
    assert not unsourced(text)


@parametrized
def test_the_simulation_shows_how_sure_it_is_and_the_gap_the_noise(lesson):
    text = text_of(lesson)
    assert "±" in section(text, "Simulated")
    assert "noise" in section(text, "The gap")


@parametrized
def test_code_is_cut_out_of_the_source(lesson):
    assert "<!-- source: " in text_of(lesson)
    assert "```python" not in MARKED.sub("", text_of(lesson))


@parametrized
def test_no_line_begins_with_the_mark_of_a_figure(lesson):
    """There Markdown takes it for a block of its own, and the paragraph is cut in two: begin the line with a word."""
    assert not re.findall(r"^ *<!--= .*", text_of(lesson), re.MULTILINE)


@parametrized
def test_both_exercises_are_named(lesson):
    named = set(re.findall(r"^    \./livecomments check (\w+)", section(text_of(lesson), "Exercises"), re.MULTILINE))
    assert named == {each.name for each in all_exercises() if each.lesson == lesson.number}
    assert len(named) >= 2


def test_words_are_those_of_the_prose():
    text = "# A title\n\nIt takes <!--= p99 -->12 ms<!--/--> of [a core](x.md).\n\n    code\n\n| a | table |\n"
    assert words(text) == ["It", "takes", "ms", "of", "a", "core."]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("It takes 12 ms.", ["12"]),
        ("Of 5,000 viewers 2.5 % wait.", ["5,000", "2.5"]),
        ("two of 3 edges, RFC 9457, lesson 12, p99, `--window-ms 20`", []),
        ("It takes <!--= p99 -->12<!--/--> ms.", []),
        ("1. first\n2. second\n", []),
        ("    ./livecomments run 12\n\nIt takes 12 ms.", ["12"]),
        ("- It takes\n  <!--= p99 -->12<!--/--> of 300 ms.", ["300"]),
    ],
)
def test_a_number_without_a_source_is_noticed(text, found):
    assert unsourced(text) == found
