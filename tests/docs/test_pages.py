"""The pages' own text: commands that exist, marks that do no harm."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from simulation.course.catalogue import LESSONS
from simulation.docs.rendering import PAGES, ROOT, begun_with_words
from tests.test_tidy import unknown_commands

QUICKSTART = (ROOT / "lessons" / "quickstart.md").read_text()
LESSON_PAGES = {f"lessons/{lesson.page}.md" for lesson in LESSONS}


@pytest.mark.parametrize("page", [page for page in PAGES if page != "README.md"])
def test_commands_of_a_page_exist(page):
    assert not unknown_commands((ROOT / page).read_text())


@pytest.mark.parametrize("page", [page for page in PAGES if page not in LESSON_PAGES])
def test_no_line_begins_with_the_mark_of_a_figure(page):
    """There Markdown takes it for a block of its own, and the paragraph is cut in two (of lessons: test_lessons)."""
    assert not re.findall(r"^ *<!--= .*", (ROOT / page).read_text(), re.MULTILINE)


@pytest.mark.slow
def test_the_quickstarts_exercise_goes_as_it_says(tmp_path):
    commands = re.findall(r"^    \./livecomments ((?:learn|check) .*|learn)$", QUICKSTART, re.MULTILINE)
    assert commands == ["learn", "learn coalescer", "check coalescer", "check coalescer --live"]
    listed, begun, judged = (run(command, tmp_path) for command in commands[:3])
    assert (listed.returncode, begun.returncode, judged.returncode) == (0, 0, 1)
    assert "fill it in first" in " ".join(judged.stdout.split())
    answer = next((tmp_path / "answers").glob("*coalescer.py"))
    shutil.copy(ROOT / "simulation/course/exercises/coalescer/solution.py", answer)
    assert run("check coalescer", tmp_path).returncode == 0


def run(command: str, folder: Path) -> "subprocess.CompletedProcess[str]":
    words = [str(ROOT / "livecomments"), *command.split(), "--answers", "answers"]  # not those of this checkout
    return subprocess.run(words, cwd=folder, capture_output=True, text=True, timeout=120, check=False)


@pytest.mark.parametrize(
    ("text", "better"),
    [
        (
            "It takes a viewer of the stream\n<!--= a -->12<!--/--> ms.",
            "It takes a viewer of the\nstream <!--= a -->12<!--/--> ms.",
        ),
        (
            "- It takes a viewer of the <!--= a -->9<!--/-->\n  <!--= b -->12<!--/--> ms\n  <!--= c -->13<!--/-->.",
            "- It takes a viewer of\n  the <!--= a -->9<!--/--> <!--= b -->12<!--/-->\n  ms <!--= c -->13<!--/-->.",
        ),
        ("| a cell of a long table |\n<!--= a -->12<!--/-->", "| a cell of a long table |\n<!--= a -->12<!--/-->"),
        ("\n<!--= a -->12<!--/--> ms.", "\n<!--= a -->12<!--/--> ms."),
    ],
)
def test_a_line_that_begins_with_a_mark_gets_a_word_before_it(text, better):
    assert begun_with_words(text) == better
