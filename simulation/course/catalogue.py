"""The lessons in their order, and the exercises that belong to them."""

from functools import cache
from importlib import import_module
from pkgutil import iter_modules
from typing import NamedTuple

from simulation.course import exercises
from simulation.course.exercise import Exercise
from simulation.spelling import did_you_mean


class Lesson(NamedTuple):
    number: str  # as it is called for: "05"
    page: str  # in lessons/, without the ending
    title: str


LESSONS = (
    Lesson("01", "01-requirements", "Requirements and estimates with consequences"),
    Lesson("02", "02-way-of-a-comment", "The way of a comment and its latency budget"),
    Lesson("03", "03-push-or-pull", "Push against pull"),
    Lesson("04", "04-fan-out", "Fan-out on write, on read, hybrid, trees"),
    Lesson("05", "05-hot-partitions", "Data model and hot partitions"),
    Lesson("06", "06-delivery-guarantees", "Ordering, delivery guarantees, idempotency, cursors"),
    Lesson("07", "07-backpressure", "Backpressure and slow readers"),
    Lesson("08", "08-failover", "Failover, retries, jitter, breakers"),
)


class UnknownExerciseError(Exception):
    """There is no such lesson or exercise; the message names all there are."""


@cache
def all_exercises() -> tuple[Exercise, ...]:
    """In the lessons' order; within a lesson as they say."""
    found = [exercise(each.name) for each in iter_modules(exercises.__path__)]
    return tuple(sorted(found, key=lambda each: (each.lesson, each.place)))


def exercise(name: str) -> Exercise:
    """The one of that name, without importing the others."""
    found: Exercise = import_module(f"{exercises.__name__}.{name}").EXERCISE
    return found


def asked_for(name: str) -> list[Exercise]:
    """Those of a lesson ("05", "5") or the one of that name; UnknownExerciseError says what there is."""
    lesson = name.zfill(2)
    mine = [each for each in all_exercises() if name == each.name or lesson == each.lesson]
    if not mine:
        there = ", ".join(f"{each.lesson} {each.name}" for each in all_exercises())
        near = did_you_mean(name, [each.name for each in all_exercises()])
        raise UnknownExerciseError(f"there is no lesson or exercise {name!r}.{near} There are: {there}")
    return mine


def lesson_of(exercise: Exercise) -> Lesson:
    return next(each for each in LESSONS if each.number == exercise.lesson)
