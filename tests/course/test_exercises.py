"""Every exercise: its solution passes, and another one that is as right; its stub is not begun, and a typical wrong
answer is told what is wrong with it.
"""

import re
from importlib import import_module
from pathlib import Path

import pytest

from simulation.course.catalogue import LESSONS, all_exercises, exercise
from simulation.course.grading import State, judged

RIGHT, WRONG = Path(__file__).parent / "right", Path(__file__).parent / "wrong"
NAMES = [each.name for each in all_exercises()]
WRONGS = sorted(f"{path.parent.name}/{path.stem}" for path in WRONG.glob("*/*.py"))


@pytest.mark.parametrize("name", NAMES)
def test_the_solution_passes_every_check(name):
    verdict = judged(exercise(name), exercise(name).folder / "solution.py")
    assert verdict.state is State.PASSED, verdict.why
    assert [each.says for each in verdict.passed] == [each.says for each in exercise(name).checks]


@pytest.mark.parametrize("name", NAMES)
def test_who_solves_it_in_another_way_is_right_too(name):
    verdict = judged(exercise(name), RIGHT / f"{name}.py")
    assert verdict.state is State.PASSED, verdict.why


@pytest.mark.parametrize("name", ["partitioner", "sampler"])
def test_an_answer_may_print_in_a_process_of_its_own_too(name, tmp_path):
    path = tmp_path / exercise(name).file_name
    path.write_text(f"{exercise(name).solution}\nprint('here', end='')\n")
    assert judged(exercise(name), path).state is State.PASSED


@pytest.mark.parametrize("name", NAMES)
def test_the_stub_is_not_begun(name):
    assert judged(exercise(name), exercise(name).folder / "stub.py").state is State.UNBEGUN


@pytest.mark.parametrize("wrong", WRONGS)
def test_a_typical_wrong_answer_is_told_its_misconception(wrong):
    path = WRONG / f"{wrong}.py"
    phrase = re.match(r'# Rejected: "(.+)"\n', path.read_text())[1]
    verdict = judged(exercise(path.parent.name), path)
    assert verdict.state is State.WRONG, verdict
    assert phrase in verdict.why


@pytest.mark.parametrize("name", NAMES)
def test_three_wrong_answers_or_more_are_rejected_each_for_a_reason_of_its_own(name):
    phrases = [path.read_text().partition("\n")[0] for path in (WRONG / name).glob("*.py")]
    assert len(set(phrases)) == len(phrases) >= 3


@pytest.mark.parametrize("name", NAMES)
def test_what_the_checks_demand_is_printed_in_the_stub(name):
    """In its own words, but as many points; and the exercise's name, by which it is called."""
    stub, numbered = exercise(name).stub, re.findall(r"^\d+\. ", exercise(name).stub, re.MULTILINE)
    assert f"Exercise {exercise(name).lesson} {name}" in stub
    assert len(numbered) == len(exercise(name).checks)


@pytest.mark.parametrize("name", NAMES)
def test_the_places_of_an_answer_are_there_in_the_server(name):
    for place in exercise(name).places:
        assert hasattr(import_module(place.module), place.name)


@pytest.mark.parametrize("name", NAMES)
def test_an_exercise_belongs_to_a_lesson_whose_page_names_it(name):
    lesson = next(each for each in LESSONS if each.number == exercise(name).lesson)
    page = (Path(__file__).parents[2] / "lessons" / f"{lesson.page}.md").read_text()
    assert f"check {name}" in page


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_the_solution_runs_in_the_real_server(name, request):
    if name != "breaker":  # whose server is to give up a log that stalls
        request.getfixturevalue("patient")
    verdict = judged(exercise(name), exercise(name).folder / "solution.py", live=True)
    # A generator too busy on a loaded machine is the machine's fault, and is said so.
    assert verdict.state is State.PASSED, verdict.why
    assert verdict.passed[0].figure
