"""The real server with a learner's answer in the place of its own part:
``python -m simulation.course.inside EXERCISE FILE serve …``, and from there on the server's own command line.
"""

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from types import ModuleType

from simulation.course.answers import load
from simulation.course.catalogue import exercise as named
from simulation.course.exercise import Place


def put(places: Sequence[Place], answer: ModuleType) -> None:
    """Let the answer stand in these places from now on."""
    for place in places:
        module = import_module(place.module)
        assert hasattr(module, place.name), f"{place.module} has no {place.name}"
        setattr(module, place.name, place.adapt(answer))


@contextmanager
def standing_in(places: Sequence[Place], answer: ModuleType) -> Iterator[None]:
    """For the time of a simulation."""
    before = [(import_module(place.module), place.name) for place in places]
    own = [getattr(module, name) for module, name in before]
    put(places, answer)
    try:
        yield
    finally:
        for (module, name), part in zip(before, own, strict=True):
            setattr(module, name, part)


def main(name: str, file: str, command: list[str]) -> None:
    exercise = named(name)
    put(exercise.places, load(exercise, Path(file)))
    sys.argv = ["livecomments", *command]
    import_module("reference_impl.cli").main()


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], sys.argv[3:])
