"""What a long measurement has so far, in memory and in a file, so that one who is interrupted can go on.

The file is written whole beside its place and then moved there, between two measurements: whenever the process ends,
there is a good file, and at most the run under way is lost.
"""

import json
import os
from pathlib import Path
from typing import Any

from simulation.machine import fingerprint, same_machine

Document = dict[str, Any]


class OtherRecordError(Exception):
    """The file holds something that has begun and is another one; the message says what is to be done."""


class Record:
    """``document`` is what the JSON file holds; without a path it is kept nowhere."""

    def __init__(self, document: Document, path: Path | None) -> None:
        self.document = document
        self._path = path

    def save(self) -> None:
        """OSError says why that cannot be."""
        if self._path is not None:
            beside = self._path.with_name(f"{self._path.name}.new")
            beside.write_text(json.dumps(self.document, default=float) + "\n")
            os.replace(beside, self._path)

    def finish(self) -> None:
        self.document["finished"] = True
        self.save()


def begun(plan: Document, path: Path | None, new: Document, what: str) -> Document:
    """What the file holds of this plan on this machine, if that is not finished; else ``new``, with both of them."""
    machine, plan = fingerprint(), json.loads(json.dumps(plan))
    earlier = _unfinished(path)
    if earlier is None:
        return {"machine": machine, "plan": plan, "finished": False} | new
    if earlier["plan"] != plan or not same_machine(earlier["machine"], machine):
        raise OtherRecordError(
            f"{path} holds {what} that has begun, of other settings or another machine: "
            "give the same options as then to go on with it, or name another file"
        )
    return earlier


def _unfinished(path: Path | None) -> Document | None:
    """A file that is none of these, or a finished one, will be written over."""
    try:
        found = json.loads(path.read_text()) if path is not None else None
    except (OSError, ValueError):
        return None
    return found if isinstance(found, dict) and found.get("finished") is False and "plan" in found else None
