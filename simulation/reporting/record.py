"""What a report has measured so far, in memory and in a file, so that one who is interrupted can go on.

The file is written whole beside its place and then moved there, between two measurements: whenever the process ends,
there is a good file, and at most the run under way is lost.
"""

import json
import os
from pathlib import Path
from typing import Any

from simulation.machine import fingerprint, same_machine
from simulation.reporting.plan import Plan

Document = dict[str, Any]


class OtherReportError(Exception):
    """The file holds a report that has begun and is another one; the message says what is to be done."""


class Record:
    """``document`` is what the JSON file holds: the suite's runs, and each experiment as far as it has come."""

    def __init__(self, document: Document, path: Path | None) -> None:
        self.document = document
        self._path = path

    @property
    def runs(self) -> list[Document]:
        """Of the suite, of all engines."""
        found: list[Document] = self.document["runs"]
        return found

    @property
    def experiments(self) -> dict[str, Document]:
        """By name: the result of one that is done, otherwise what its run has kept, or why there is none."""
        found: dict[str, Document] = self.document["experiments"]
        return found

    def save(self) -> None:
        """OSError says why that cannot be."""
        if self._path is not None:
            beside = self._path.with_name(f"{self._path.name}.new")
            beside.write_text(json.dumps(self.document, default=float) + "\n")
            os.replace(beside, self._path)


def begun(plan: Plan, path: Path | None) -> Record:
    """The record of this plan: the one in the file, if it is not finished, or a new one."""
    machine = fingerprint()
    earlier = _unfinished(path)
    if earlier is not None:
        if earlier["plan"] != plan.as_dict() or not same_machine(earlier["machine"], machine):
            raise OtherReportError(
                f"{path} holds a report that has begun, of other scenarios, settings or another machine: "
                "give the same options as then to go on with it, or name another file"
            )
        return Record(earlier, path)
    return Record({
        "machine": machine, "plan": plan.as_dict(), "finished": False, "calibration": None, "calibrations": [],
        "scenarios": plan.as_dict()["scenarios"], "repeats": plan.size.repeats, "rounds": plan.size.rounds,
        "runs": [], "experiments": {},
    }, path)  # fmt: skip


def is_done(experiment: Document) -> bool:
    """Whether it is a result, and not one that has only begun."""
    return "comparison" in experiment


def _unfinished(path: Path | None) -> Document | None:
    """A file that is not a report, or a finished one, will be written over."""
    try:
        found = json.loads(path.read_text()) if path is not None else None
    except (OSError, ValueError):
        return None
    return found if isinstance(found, dict) and found.get("finished") is False else None
