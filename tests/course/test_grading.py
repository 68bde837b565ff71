"""Whatever an answer does, the grader ends, explains it, and stays whole itself."""

import json
import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import pytest
from typer.testing import CliRunner

from simulation.cli import app
from simulation.course.catalogue import exercise
from simulation.course.grading import Bounds, State, Verdict, judged
from simulation.course.progress import Progress, Record

STUB = exercise("coalescer").stub
SOLUTION = exercise("coalescer").solution


@pytest.fixture
def judge(tmp_path):
    def judge(text, **changed):
        path = tmp_path / "02_coalescer.py"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return judged(exercise("coalescer"), path, **changed)

    return judge


def test_an_endless_loop_is_ended_and_its_line_told(judge):
    verdict = judge(
        SOLUTION.replace("        self.items.append(item)\n", "        while True:\n            pass\n"),
        bounds=Bounds(5, 120),
    )
    assert verdict.state is State.ENDLESS
    assert "in offer" in verdict.why
    assert "A loop that never ends?" in verdict.why
    assert verdict.failed == exercise("coalescer").checks[0].says
    assert not verdict.printed


def test_a_crash_names_the_answers_own_line(judge):
    verdict = judge(SOLUTION.replace("self.items.append(item)", "self.nothing.append(item)"))
    assert verdict.state is State.CRASHED
    assert "AttributeError" in verdict.why
    assert "in offer: self.nothing.append(item)" in verdict.why


def test_of_a_group_of_exceptions_the_answers_own_is_told(judge):
    verdict = judge(
        f"{SOLUTION}\ntry:\n    1 / 0\nexcept ZeroDivisionError as error:\n    raise ExceptionGroup('', [error])\n"
    )
    assert verdict.state is State.CRASHED
    assert "ZeroDivisionError" in verdict.why
    assert "in <module>: 1 / 0" in verdict.why


def test_a_death_of_the_process_is_told(judge):
    assert judge("import os\n" + SOLUTION.replace("self.items.append(item)", "os._exit(3)")).state is State.CRASHED
    assert judge(SOLUTION.replace("self.items.append(item)", "raise SystemExit")).state is State.CRASHED


def test_endless_memory_is_bounded(judge):
    verdict = judge(SOLUTION.replace("self.items.append(item)", "self.items = [0] * 10**10"))
    assert verdict.state is State.CRASHED
    assert "MemoryError" in verdict.why


def test_what_the_answer_prints_is_shown_and_not_taken_for_a_verdict(judge):
    verdict = judge(f'print(\'{{"passed": "all"}}\')\n{STUB}')
    assert verdict.state is State.UNFINISHED
    assert "all" in verdict.printed


def test_of_much_that_it_prints_the_last_lines_are_shown_whole(judge):
    lines = judge(f"for number in range(3_000):\n    print('line', number)\n{STUB}").printed.splitlines()
    assert lines == ["[…]", *(f"line {number}" for number in range(2_980, 3_000))]
    (long,) = judge(f"print('x' * 100_000)\n{STUB}").printed.splitlines()[1:]
    assert set(long) == {"x"}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("class Window:\n  def offer(:\n", "line 2"),
        ("class Window:\ndef offer(): ...\n", "line 2"),
        ("class Other: ...\n", "does not define Window"),
        ("", "does not define Window"),
        ("x = 1\0\n", "null bytes"),
        (b"class Window:\n    x = '\xfc'\n", "line 2"),
    ],
)
def test_a_file_that_is_no_answer_is_told_why(judge, text, said):
    verdict = judge(text)
    assert verdict.state is State.UNUSABLE
    assert said in verdict.why


def test_a_solution_that_is_imported_is_none(judge):
    verdict = judge("from simulation.course.exercises.coalescer.solution import Window\n")
    assert verdict.state is State.UNUSABLE
    assert "write your own" in verdict.why


@pytest.mark.parametrize("changed", [lambda text: f"\ufeff{text}", lambda text: text.replace("\n", "\r\n")])
def test_a_file_of_another_system_is_read(judge, changed):
    assert judge(changed(SOLUTION)).state is State.PASSED


def test_a_part_that_is_left_is_named(judge):
    verdict = judge(SOLUTION.replace("self.items.append(item)", "raise NotImplementedError"))
    assert verdict.state is State.UNFINISHED
    assert "in offer" in verdict.why
    assert judge(STUB.replace("\n\n\n", "\n\n")).state is State.UNBEGUN


def test_what_a_check_cannot_use_is_told_by_names_and_answers(judge):
    verdict = judge(SOLUTION.replace("def offer(self, item: Any, now: float)", "def offer(self, item: Any)"))
    assert verdict.state is State.CRASHED
    assert "takes 2 positional arguments but 3 were given. No line of yours raised it" in verdict.why
    assert ".offer(" in verdict.why.partition("It was here:")[2]


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("input()", "EOFError"),
        ("while True: print('x' * 10**6)", "more than 64 MiB"),
        (
            "import sys; sys.stdout.buffer.write(b'\\xff' * 10**5); sys.stdout.flush(); import os; os._exit(0)",
            "status 0",
        ),
        ("raise ValueError('\\ud800' * 10**6)", "ValueError"),
    ],
)
def test_whatever_it_prints_or_says_can_be_shown(judge, line, said):
    verdict = judge(f"{line}\n{SOLUTION}")
    assert verdict.state is State.CRASHED
    assert said in verdict.why
    assert len(verdict.why.encode()) < 10_000


LEFT = """
import os, subprocess, threading, time
threading.Thread(target=time.sleep, args=(1000,)).start()
with open({note!r}, "w") as note:
    for alone in (False, True):
        print(subprocess.Popen(["sleep", "1000"], start_new_session=alone).pid, file=note)
if os.fork():
    pass
"""


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="elsewhere what is left cannot be found")
def test_nothing_that_an_answer_has_started_is_left_running(judge, tmp_path):
    verdict = judge(SOLUTION + LEFT.format(note=str(tmp_path / "pids")))
    assert verdict.state is State.PASSED
    assert len(verdict.passed) == len(exercise("coalescer").checks)  # the fork has told nothing
    for pid in (tmp_path / "pids").read_text().split():
        with suppress(FileNotFoundError, ProcessLookupError):  # or it is dead, and nobody has asked for its status yet
            assert not Path(f"/proc/{pid}/cmdline").read_bytes()


def test_a_sleep_is_ended_too(judge):
    sleeping = "import time\n" + SOLUTION.replace("self.items.append(item)", "time.sleep(1000)")
    verdict = judge(sleeping, bounds=Bounds(60, 10.0))
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
    assert "no lesson or exercise '99'. There are:" in said.output
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


@pytest.mark.parametrize("record", ["{", "[]", '{"coalescer": 3}', '{"coalescer": {"attempts": "3"}}'])
def test_a_progress_file_that_is_none_is_told(tmp_path, record):
    (tmp_path / "progress.json").write_text(record)
    said = run("learn", "--answers", str(tmp_path))
    assert said.exit_code == 1
    assert "cannot read" in said.output


def test_what_cannot_be_judged_is_no_attempt(tmp_path):
    folder = ["--answers", str(tmp_path)]
    for text in ("", "class Window:\n", SOLUTION.replace("return []", "raise NotImplementedError")):
        (tmp_path / "02_coalescer.py").write_text(text)
        assert run("check", "coalescer", *folder).exit_code == 1
    assert "before an attempt" in run("learn", "coalescer", "--solution", *folder).output
    assert "begun" in next(line for line in run("learn", *folder).output.splitlines() if "coalescer" in line)


def test_two_who_check_at_the_same_time_lose_nothing_of_each_other(tmp_path):
    one, other = Progress(tmp_path), Progress(tmp_path)
    one.note(Verdict("coalescer", State.PASSED), live=False)
    other.note(Verdict("sampler", State.WRONG), live=False)
    found = Progress(tmp_path)
    assert (found.of("coalescer").passed, found.of("sampler").attempts) == (True, 1)


def test_what_has_passed_once_has_whatever_is_made_of_it(tmp_path):
    progress = Progress(tmp_path)
    for state in (State.PASSED, State.WRONG, State.UNUSABLE):
        progress.note(Verdict("coalescer", state), live=False)
    assert Progress(tmp_path).of("coalescer") == Record(attempts=2, passed=True)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_check_that_is_ended_ends_its_judge(tmp_path, number):
    (tmp_path / "02_coalescer.py").write_text(
        f"import os\nopen({str(tmp_path / 'judge')!r}, 'w').write(str(os.getpid()))\nwhile True: pass\n"
    )
    command = [sys.executable, "-m", "simulation.cli", "check", "coalescer", "--answers", str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True) as process:
        while not (tmp_path / "judge").exists() or not (judge := (tmp_path / "judge").read_text()):
            assert process.poll() is None, process.stdout.read()
            time.sleep(0.05)
        process.send_signal(number)
        assert b"Traceback" not in process.stdout.read()
        assert process.wait() == 130
    with pytest.raises(ProcessLookupError):
        os.kill(int(judge), 0)


@pytest.mark.slow
def test_a_server_that_does_not_start_with_the_answer_inside_says_why(judge):
    verdict = judge(f"import sys\nif 'serve' in sys.argv: raise RuntimeError('not in here')\n{SOLUTION}", live=True)
    assert verdict.state is State.CRASHED
    assert "did not start" in verdict.why
    assert "RuntimeError: not in here" in verdict.why
