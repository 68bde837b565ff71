"""The commands of the course: `learn` says how far one is and hands out exercises, `check` judges answers."""

import json
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from reference_impl.failing import fail
from simulation import console as screen
from simulation.command import JsonFile, ended_in_order
from simulation.course.answers import NAME, AnswerError, begin, folder
from simulation.course.catalogue import UnknownExerciseError, all_exercises, asked_for, lesson_of
from simulation.course.exercise import Exercise
from simulation.course.grading import State, Verdict, judged
from simulation.course.progress import Progress

Answers = Annotated[
    Path, typer.Option("--answers", help="The folder of your answers.", default_factory=folder, show_default=NAME)
]
Name = Annotated[str, typer.Argument(metavar="LESSON|EXERCISE", help="A lesson (05) or an exercise by its name.")]


def learn(
    name: Annotated[
        str, typer.Argument(metavar="[LESSON|EXERCISE]", help="Begin it: its file is made, unless there is one.")
    ] = "",
    *,
    solution: Annotated[bool, typer.Option("--solution", help="Show a solution, after an attempt of yours.")] = False,
    answers: Answers,
) -> None:
    """List the course's exercises and how far you are; with a name begin them."""
    console = Console()
    try:
        progress = Progress(answers)
        if solution and not name:
            fail("a solution of which exercise? Name it: learn NAME --solution")
        if not name:
            console.print(_listed(progress, answers))
            console.print(_next(progress))
            return
        for exercise in asked_for(name):
            if solution:
                _show_solution(exercise, progress, console)
            else:
                _hand_out(exercise, answers, console)
    except (AnswerError, UnknownExerciseError) as error:
        fail(str(error))


def check(
    name: Name,
    *,
    live: Annotated[
        bool, typer.Option("--live", help="Then run it once inside the real server, if it passes.")
    ] = False,
    answers: Answers,
    json_file: JsonFile = None,
) -> None:
    """Judge your answers of a lesson, in virtual time: the same verdict on every machine."""
    console = Console()
    try:
        progress = Progress(answers)
        verdicts = []
        with ended_in_order():
            for exercise in asked_for(name):
                path, new = begin(exercise, answers)
                if new:
                    console.print(f"[bold]{escape(str(path))}[/] is new: fill it in, and check again.")
                verdicts += _judged(exercise, path, progress, console, live=live)
    except (AnswerError, UnknownExerciseError) as error:
        fail(str(error))
    if json_file is not None:
        try:
            json_file.write_text(json.dumps([each.as_dict() for each in verdicts], indent=1) + "\n")
        except OSError as error:
            fail(f"cannot write {json_file}: {error.strerror}")
    if any(each.state is not State.PASSED for each in verdicts):
        raise typer.Exit(1)


def _judged(exercise: Exercise, path: Path, progress: Progress, console: Console, *, live: bool) -> list[Verdict]:
    """In virtual time, then if it may live."""
    console.print(f"\n[bold]{exercise.lesson} {exercise.name}[/]: {exercise.title}")
    verdicts = []
    for in_server in (False, True) if live else (False,):
        with screen.step(console, "in the real server" if in_server else "judging"):
            verdict = judged(exercise, path, live=in_server)
        progress.note(verdict, live=in_server)
        _show(exercise, verdict, console, live=in_server)
        verdicts.append(verdict)
        if verdict.state is not State.PASSED:
            break
    return verdicts


def _show(exercise: Exercise, verdict: Verdict, console: Console, *, live: bool) -> None:
    for each in verdict.passed:
        figure = f" [dim]({escape(each.figure)})[/]" if each.figure else ""
        console.print(f"  [green]✓[/] {escape(each.says)}{figure}", highlight=False)
    if verdict.state is State.PASSED:
        return
    console.print(f"  [red]✗[/] {escape(verdict.failed or verdict.state.value)}", highlight=False)
    console.print(f"    {escape(verdict.why)}", highlight=False, soft_wrap=True)
    if verdict.printed:
        console.print(f"    [dim]Your code printed:[/]\n{escape(verdict.printed)}", highlight=False, soft_wrap=True)
    if not live:
        done = len(verdict.passed) + bool(verdict.failed)
        for left in exercise.checks[done:]:
            console.print(f"  [dim]- not reached: {escape(left.says)}[/]", highlight=False)


def _listed(progress: Progress, answers: Path) -> Table:
    table = Table("lesson", "exercise", "what you write", "kind", "so far")
    before = ""
    for each in all_exercises():
        if before not in ("", each.lesson):
            table.add_section()
        title = f"{each.lesson} {lesson_of(each).title}" if before != each.lesson else ""
        table.add_row(title, each.name, each.title, each.kind, _so_far(each, progress, answers))
        before = each.lesson
    passed = sum(progress.of(each.name).passed for each in all_exercises())
    table.caption = f"{passed} of {len(all_exercises())} passed"
    return table


def _so_far(exercise: Exercise, progress: Progress, answers: Path) -> str:
    record = progress.of(exercise.name)
    return "begun" if not record.attempts and (answers / exercise.file_name).is_file() else record.in_words


def _next(progress: Progress) -> str:
    left = [each for each in all_exercises() if not progress.of(each.name).passed]
    if not left:
        return "All are passed. With --live `check` runs one inside the real server."
    lesson = lesson_of(left[0])
    return f"Next: read lessons/{lesson.page}.md, then: ./livecomments learn {left[0].name}"


def _hand_out(exercise: Exercise, answers: Path, console: Console) -> None:
    path, new = begin(exercise, answers)
    there = f"[bold]{escape(str(path))}[/]"
    console.print(f"{there} {'is made' if new else 'is there already, and stays as it is'}: {exercise.title}.")
    console.print(f"Fill it in, then: ./livecomments check {exercise.name}", highlight=False)


def _show_solution(exercise: Exercise, progress: Progress, console: Console) -> None:
    if not progress.of(exercise.name).attempts:
        raise AnswerError(
            f"no solution of {exercise.name} before an attempt of yours: learn {exercise.name}, then check it"
        )
    console.print(f"[bold]{exercise.lesson} {exercise.name}[/]: one way of many.\n")
    console.print(exercise.solution, markup=False, highlight=False, soft_wrap=True)
