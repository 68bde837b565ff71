"""Asks an answer in a process of its own, as another edge would be."""

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType

from simulation.course.exercises.sampler import Comment

ROOT = Path(__file__).parents[4]
SALTS = ("1", "2")  # one of them is not this process's
PROGRAM = """
import json, runpy, sys
from simulation.course.exercises.sampler import Comment
out, sys.stdout = sys.stdout, sys.stderr  # what the answer prints is not what it has chosen
answer = runpy.run_path(sys.argv[1])
windows, budget, seed = json.load(sys.stdin)
chosen = [answer["choose"]([Comment(*row) for row in window], budget, seed) for window in windows]
json.dump([[each.seq for each in window] for window in chosen], out)
"""


def chosen_elsewhere(
    answer: ModuleType, windows: Sequence[Sequence[Comment]], budget: int, seed: str
) -> list[list[int]]:
    """The numbers that it chooses there."""
    salt = next(each for each in SALTS if each != os.environ.get("PYTHONHASHSEED"))
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(answer.__file__)],
        input=json.dumps([windows, budget, seed]),
        env=os.environ | {"PYTHONHASHSEED": salt, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE, text=True, check=True,
    )  # fmt: skip
    chosen: list[list[int]] = json.loads(done.stdout)
    return chosen
