"""Whatever an answer does, the grader ends, explains it, and stays whole itself."""

import json

import pytest
from typer.testing import CliRunner

from simulation.cli import app
from simulation.course.catalogue import exercise
from simulation.course.grading import Bounds, State, judged

STUB = exercise("coalescer").stub
SOLUTION = exercise("coalescer").solution


@pytest.fixture
def judge(tmp_path):
    def judge(text, **changed):
        path = tmp_path / "02_coalescer.py"
        path.write_text(text)
        return judged(exercise("coalescer"), path, **changed)

    return judge


def test_an_endless_loop_is_ended_and_its_line_told(judge):
    verdict = judge(
        SOLUTION.replace("        self.items.append(item)\n", "        while True:\n            pass\n"),
        bounds=Bounds(2, 60),
    )
    assert verdict.state is State.ENDLESS
    assert "in offer" in verdict.why
    assert "A loop that never ends?" in verdict.why
    assert verdict.failed == exercise("coalescer").checks[0].says


def test_a_crash_names_the_answers_own_line(judge):
    verdict = judge(SOLUTION.replace("self.items.append(item)", "self.nothing.append(item)"))
    assert verdict.state is State.CRASHED
    assert "AttributeError" in verdict.why
    assert "in offer: self.nothing.append(item)" in verdict.why


def test_a_death_of_the_process_is_told(judge):
    assert judge("import os\n" + SOLUTION.replace("self.items.append(item)", "os._exit(3)")).state is State.CRASHED
    assert judge(SOLUTION.replace("self.items.append(item)", "raise SystemExit")).state is State.CRASHED


def test_endless_memory_is_bounded(judge):
    verdict = judge(SOLUTION.replace("self.items.append(item)", "self.items = [0] * 10**10"))
    assert verdict.state is State.CRASHED
    assert "MemoryError" in verdict.why


def test_what_the_answer_prints_is_shown_and_not_taken_for_a_verdict(judge):
    verdict = judge(f'print(\'{{"passed": "all"}}\')\n{STUB}')
    assert verdict.state is State.UNBEGUN
    assert "all" in verdict.printed


@pytest.mark.parametrize(
    ("text", "said"), [("class Window:\n  def offer(:\n", "line 2"), ("class Other: ...\n", "does not define Window")]
)
def test_a_file_that_is_no_answer_is_told_why(judge, text, said):
    verdict = judge(text)
    assert verdict.state is State.UNUSABLE
    assert said in verdict.why


def test_a_sleep_is_ended_too(judge):
    sleeping = "import time\n" + SOLUTION.replace("self.items.append(item)", "time.sleep(1000)")
    verdict = judge(sleeping, bounds=Bounds(10, 4.0))
    assert verdict.state is State.ENDLESS
    assert "in offer" in verdict.why


def run(*arguments):
    return CliRunner().invoke(app, list(arguments), env={"COLUMNS": "200"})


def test_learning_goes_from_the_list_to_a_solution(tmp_path):
    folder = ["--answers", str(tmp_path / "mine")]
    listed = run("learn", *folder)
    assert "0 of " in listed.output
    assert "not begun" in listed.output
    refused = run("learn", "coalescer", "--solution", *folder)
    assert refused.exit_code == 1
    assert "before an attempt" in refused.output
    assert run("learn", "coalescer", *folder).exit_code == 0
    path = tmp_path / "mine" / "02_coalescer.py"
    assert path.read_text() == STUB
    unbegun = run("check", "coalescer", *folder)
    assert unbegun.exit_code == 1
    assert "fill it in" in unbegun.output
    assert "before an attempt" in run("learn", "coalescer", "--solution", *folder).output  # that was none
    path.write_text(STUB.replace("raise NotImplementedError", "return []"))
    assert run("check", "coalescer", *folder).exit_code == 1
    assert "stays as it is" in run("learn", "coalescer", *folder).output
    assert "return []" in path.read_text()
    assert SOLUTION in run("learn", "coalescer", "--solution", *folder).output
    path.write_text(SOLUTION)
    passed = run("check", "coalescer", "--json", str(tmp_path / "v.json"), *folder)
    assert passed.exit_code == 0, passed.output
    assert json.loads((tmp_path / "v.json").read_text())[0]["state"] == "passed"
    assert "1 of " in run("learn", *folder).output


def test_an_unknown_exercise_is_told_what_there_is(tmp_path):
    said = run("check", "99", "--answers", str(tmp_path))
    assert said.exit_code == 1
    assert "no lesson or exercise '99'; there are:" in said.output
    assert "02 coalescer" in said.output


def test_a_torn_progress_file_is_told_and_not_overwritten(tmp_path):
    (tmp_path / "progress.json").write_text("{")
    said = run("learn", "--answers", str(tmp_path))
    assert said.exit_code == 1
    assert "cannot read" in said.output
    assert (tmp_path / "progress.json").read_text() == "{"


def test_a_folder_of_answers_that_cannot_be_is_told(tmp_path):
    (tmp_path / "file").write_text("")
    said = run("check", "coalescer", "--answers", str(tmp_path / "file"))
    assert said.exit_code == 1
    assert "cannot" in said.output
