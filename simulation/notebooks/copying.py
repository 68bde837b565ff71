"""The learner's own copies of the notebooks: without what came out, so that nothing is known before it is run."""

import json
import re
from hashlib import blake2b
from pathlib import Path
from typing import Any

from simulation.spelling import did_you_mean

MADE_OF = "made_of"  # in a copy's metadata: the digest of what it was copied from

NEW = "is new"
KEPT = "is yours, and stays as it is"
NEWER = f"{KEPT}; the course's has changed since: rename yours to get it"

LINK = re.compile(r"\[([^]]+)\]\(\.\./([^)]+)\)")

Document = dict[str, Any]


class NotebookError(Exception):
    """There is no such notebook, or no place for a copy; the message says what there is."""


def asked_for(name: str, folder: Path) -> list[Path]:
    """The notebook of that name, or all of them."""
    there = sorted(folder.glob("*.ipynb"))
    if not there:
        raise NotebookError(f"there are no notebooks in {folder}: they come with a checkout of the project")
    mine = [path for path in there if name in ("", path.stem)]
    if not mine:
        names = [path.stem for path in there]
        raise NotebookError(f"there is no notebook {name!r}.{did_you_mean(name, names)} There are: {', '.join(names)}")
    return mine


def copied(source: Path, folder: Path) -> tuple[Path, str]:
    """The learner's copy, and what is to be said of it. One that is there is never changed."""
    path, document = folder / source.name, json.loads(source.read_text())
    digest = _digest(document)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with path.open("x") as file:
            file.write(json.dumps(_fresh(document, digest), indent=1, ensure_ascii=False) + "\n")
    except FileExistsError:
        if not path.is_file():
            raise NotebookError(f"cannot write {path}: something else is in its place") from None
        return path, KEPT if _made_of(path) == digest else NEWER
    except OSError as error:
        raise NotebookError(f"cannot write {path}: {error.strerror}") from error
    return path, NEW


def _fresh(document: Document, digest: str) -> Document:
    cells = [_unrun(cell) if cell["cell_type"] == "code" else _alone(cell) for cell in document["cells"]]
    return document | {"cells": cells, "metadata": document["metadata"] | {MADE_OF: digest}}


def _unrun(cell: Document) -> Document:
    return cell | {"outputs": [], "execution_count": None}


def _alone(cell: Document) -> Document:
    """Its links lead out of the folder that is opened; so they say where in the project the page is."""
    said = LINK.sub(r"\1 (`\2`)", "".join(cell["source"]))
    return cell | {"source": said.splitlines(keepends=True)}


def _digest(document: Document) -> str:
    """Of the cells, whatever came out of them."""
    said = json.dumps(["".join(cell["source"]) for cell in document["cells"]])
    return blake2b(said.encode(), digest_size=8).hexdigest()


def _made_of(path: Path) -> str:
    try:
        return str(json.loads(path.read_text())["metadata"].get(MADE_OF, ""))
    except (OSError, ValueError, KeyError, AttributeError):
        return ""
