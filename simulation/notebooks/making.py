"""Makes notebooks of their sources: the cells are run, and what would be another in every run is left out.

What is committed is executed, so that it can be read where nothing runs. A cell's id is a digest of what it says, and
nothing is counted or timed: a change shows what has changed and nothing else.
"""

from collections import Counter
from collections.abc import Iterator
from hashlib import blake2b
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import jupytext  # type: ignore[import-untyped]
import matplotlib.font_manager  # noqa: F401  # lists the fonts once, which takes so long that a cell would tell of it
import nbformat
from nbclient import NotebookClient
from traitlets.config import Config

from simulation.notebooks.kernels import FOLDER, environment
from simulation.notebooks.showing import WIDGET

CELL_TIMEOUT_S = 300  # of a cell that takes ten seconds where nothing else runs
KERNEL_TIMEOUT_S = 180  # to start, and to send what a cell has put out once it is done
METADATA = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}
Notebook = Any  # an `nbformat.NotebookNode`
Said = list[Any]


class NoisyCellError(Exception):
    """A cell has written to standard error, where a reader expects nothing."""


def sources() -> list[Path]:
    return sorted(FOLDER.glob("*.py"))


def read(source: Path) -> Notebook:
    """The cells of a py:percent file, without outputs."""
    notebook = jupytext.read(source, fmt="py:percent")
    notebook.metadata = METADATA
    notebook.nbformat_minor = 5  # from here on cells have ids
    for cell, name in zip(notebook.cells, _ids(notebook), strict=True):
        cell.id = name
        cell.metadata = {key: cell.metadata[key] for key in ("tags",) if key in cell.metadata}
    return notebook


def execute(notebook: Notebook, folder: Path = FOLDER) -> Notebook:
    """Run all cells in a kernel of their own; nbclient's CellExecutionError or CellTimeoutError shows a failing one."""
    with TemporaryDirectory(prefix="livecomments-kernel-") as sockets:
        client = NotebookClient(
            notebook, config=_by_files(sockets), kernel_name="python3", resources={"metadata": {"path": str(folder)}},
            timeout=CELL_TIMEOUT_S, startup_timeout=KERNEL_TIMEOUT_S, iopub_timeout=KERNEL_TIMEOUT_S,
            store_widget_state=False, record_timing=False, coalesce_streams=True,
        )  # fmt: skip
        # A history that all kernels share may be locked, which would be told in a cell.
        client.execute(env=environment() | {"IPYTHONDIR": sockets})
    notebook.metadata = METADATA  # without the version of this Python
    for cell in _code(notebook):
        _clean(cell)
    return notebook


def _by_files(folder: str) -> Config:
    """Without ports: one that was free when it was chosen may be another's when the kernel wants it."""
    return Config({"KernelManager": {"transport": "ipc", "ip": f"{folder}/kernel"}})


def text_of(notebook: Notebook) -> str:
    """The file's content."""
    return f"{nbformat.writes(notebook)}\n"  # type: ignore[no-untyped-call]


def said(cell: Notebook) -> Said:
    """What a cell has put out, as far as it is text; of all else only what kind of thing it is."""
    return [_said(output) for output in cell.get("outputs", [])]


def _ids(notebook: Notebook) -> Iterator[str]:
    seen = Counter[str]()
    for cell in notebook.cells:
        name = blake2b(f"{cell.cell_type} {cell.source}".encode(), digest_size=5).hexdigest()
        seen[name] += 1
        yield name if seen[name] == 1 else f"{name}-{seen[name]}"


def _code(notebook: Notebook) -> list[Notebook]:
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def _clean(cell: Notebook) -> None:
    cell.execution_count = None
    for output in cell.outputs:
        if output.get("name") == "stderr":
            raise NoisyCellError(f"{output.text}\nwas written by\n{cell.source}")
        if "execution_count" in output:
            output.execution_count = None
        for part in ("data", "metadata"):
            output.get(part, {}).pop(WIDGET, None)


def _said(output: Notebook) -> Any:
    if output.output_type == "stream":
        return output.text
    return {kind: value if kind.startswith("text/") else "" for kind, value in sorted(output.data.items())}
