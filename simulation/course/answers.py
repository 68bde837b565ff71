"""The learner's answers: where they are, how they begin, and the module that one of them makes."""

import importlib.util
import os
import sys
from pathlib import Path
from types import ModuleType

from simulation.course.exercise import Exercise

ROOT = Path(__file__).parents[2]
LAUNCHER = "livecomments"  # which a checkout has, and an installed package has not
NAME = "answers"


class AnswerError(Exception):
    """The file cannot be used as an answer; the message names the line, or what is missing."""


def folder() -> Path:
    """Of the checkout, from wherever it is asked for; without one, of the current folder. Relative to the latter."""
    return Path(os.path.relpath(ROOT / NAME)) if (ROOT / LAUNCHER).is_file() else Path(NAME)


def begin(exercise: Exercise, folder: Path) -> tuple[Path, bool]:
    """The answer's file, and whether it has just been made of the stub; one that is there is never written to."""
    path = folder / exercise.file_name
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with path.open("x", encoding="utf-8") as file:
            file.write(exercise.stub)
    except FileExistsError:
        if not path.is_file():
            raise AnswerError(f"{path} is there, but is no file") from None
        return path, False
    except OSError as error:
        raise AnswerError(f"cannot write {path}: {error.strerror}") from error
    return path, True


def load(exercise: Exercise, path: Path) -> ModuleType:
    """The answer as a module; AnswerError says why it is none. What its own lines raise is passed on."""
    spec = importlib.util.spec_from_file_location(f"answer_{exercise.name}", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[module.__name__] = module  # dataclasses look themselves up there
    _require_code(path)
    spec.loader.exec_module(module)
    missing = [name for name in exercise.wants if not hasattr(module, name)]
    if missing:
        raise AnswerError(f"it does not define {', '.join(missing)}, which the checks call; the stub did")
    return module


def _require_code(path: Path) -> None:
    try:
        compile(path.read_bytes(), str(path), "exec", dont_inherit=True)
    except OSError as error:
        raise AnswerError(f"cannot read {path}: {error.strerror}") from error
    except SyntaxError as error:
        raise AnswerError(f"line {error.lineno}: {error.msg}" if error.lineno else error.msg) from error
    except ValueError as error:  # of Python 3.11, where there is a NUL
        raise AnswerError(str(error)) from error
