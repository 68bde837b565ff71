"""Where the answers are: in the checkout, from whichever of its folders one asks; elsewhere in the current folder."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from simulation.course.answers import LAUNCHER, ROOT


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """The project's packages, without a launcher as yet, and a folder of lessons."""
    root = tmp_path / "project"
    (root / "lessons").mkdir(parents=True)
    for package in ("simulation", "reference_impl"):
        (root / package).symlink_to(ROOT / package)
    return root


def said(checkout: Path, folder: Path, *arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "simulation.cli", *arguments],
        cwd=folder, env={**os.environ, "PYTHONPATH": str(checkout), "COLUMNS": "200"},
        capture_output=True, text=True, timeout=120, check=True,
    )  # fmt: skip
    return done.stdout


@pytest.mark.parametrize("where", [".", "lessons", ".."])
def test_of_a_checkout_they_are_one_folder(where: str, checkout: Path) -> None:
    (checkout / LAUNCHER).touch()
    folder = checkout / where
    there = Path(os.path.relpath(checkout / "answers", folder)) / "02_coalescer.py"
    assert f"{there} is made" in said(checkout, folder, "learn", "coalescer")
    assert "is there already" in said(checkout, checkout, "learn", "coalescer")
    assert not (checkout / "lessons" / "answers").exists()


def test_without_one_they_are_in_the_current_folder(checkout: Path) -> None:
    folder = checkout / "lessons"
    assert "answers/02_coalescer.py is made" in said(checkout, folder, "learn", "coalescer")
    assert (folder / "answers" / "02_coalescer.py").is_file()


def test_the_checkouts_own_are_kept_out_of_git() -> None:
    assert (ROOT / LAUNCHER).is_file()
    assert "/answers/" in (ROOT / ".gitignore").read_text().splitlines()
