"""Pages of the notebooks: what committed, executed notebooks hold, as plain Markdown with its pictures beside it.

They are made before the site is built, into a folder that git ignores, so that nothing of the site's own reads a
notebook. The navigation names all notebooks of the course; for one that is not written yet a page says so.
"""

import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat
from nbconvert import MarkdownExporter
from traitlets.config import Config

NOTEBOOKS = {
    "capacity": "What a crowd costs",
    "push_or_pull": "Push against pull",
    "fan_out": "Fan-out",
    "hot_partitions": "Hot partitions",
    "backpressure": "Backpressure",
    "failover": "Failover",
    "interview": "The interview room",
}
ROOT = Path(__file__).parents[2]
SOURCES = ROOT / "notebooks"
FOLDER = ROOT / "lessons" / "notebooks"
WIDGET = "application/vnd.jupyter.widget-view+json"
# What a page shows of an output that comes in several forms; what moves there does not move on a page.
SHOWN = ("text/markdown", "image/svg+xml", "image/png", "text/html", "text/plain")


def write_all(sources: Path = SOURCES, folder: Path = FOLDER) -> None:
    """Make the pages anew; those of notebooks that are gone go."""
    pages: dict[str, bytes] = {"index.md": _index().encode()}
    for name in NOTEBOOKS:
        pages |= dict(_page(name, sources / f"{name}.ipynb"))
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in pages.items():
        path = folder / name
        path.parent.mkdir(exist_ok=True)
        if not path.is_file() or path.read_bytes() != content:
            path.write_bytes(content)
    for path in [*folder.iterdir()]:
        if not any(name == path.name or name.startswith(f"{path.name}/") for name in pages):
            shutil.rmtree(path) if path.is_dir() else path.unlink()


def _page(name: str, source: Path) -> Iterator[tuple[str, bytes]]:
    """The page and its pictures, by their names in the folder."""
    if not source.is_file():
        yield f"{name}.md", f"# {NOTEBOOKS[name]}\n\nThis notebook is not written yet.\n".encode()
        return
    notebook = nbformat.read(source, as_version=4)  # type: ignore[no-untyped-call]
    notebook.metadata.setdefault("language_info", {"name": "python"})
    for cell in notebook.cells:
        cell.outputs = [each for each in cell.get("outputs", []) if _shows(each)]
    config = Config({"NbConvertBase": {"display_data_priority": list(SHOWN)}})
    exporter = MarkdownExporter(config=config)  # type: ignore[no-untyped-call]
    resources = {"unique_key": name, "output_files_dir": f"{name}_files"}
    body, found = exporter.from_notebook_node(notebook, resources=resources)
    yield f"{name}.md", _noted(name, body).encode()
    yield from found["outputs"].items()


def _shows(output: Any) -> bool:
    """Not what only moves in a running notebook, nor what went to the log."""
    return WIDGET not in output.get("data", {}) and output.get("name") != "stderr"


def _noted(name: str, body: str) -> str:
    """The page with a line below its title that says how to have the notebook itself, and names of its pictures."""
    note = (
        f"*Printed from `notebooks/{name}.ipynb`. Its sliders and figures are alive in the notebook itself, which*\n"
        "`./livecomments notebooks` *opens.*\n"
    )
    numbers = iter(range(1, body.count("](") + 1))
    body = re.sub(r"!\[(?:png|svg)\]", lambda _: f"![{NOTEBOOKS[name]}, figure {next(numbers)}]", body)
    body = re.sub(r"\n(?: *\n){2,}", "\n\n", body).strip()
    # From where the pages are, lessons are one folder nearer, and other notebooks are pages.
    body = re.sub(r"\]\((\w+)\.ipynb", r"](\1.md", body.replace("](../lessons/", "](../"))
    title, _, rest = body.partition("\n") if body.startswith("# ") else (f"# {NOTEBOOKS[name]}", "", body)
    return f"{title}\n\n{note}\n{rest.strip()}\n"


def _index() -> str:
    lines = [f"- [{title}]({name}.md)" for name, title in NOTEBOOKS.items()]
    return "\n".join([
        "# Notebooks", "",
        "Each is a question, a model that answers it, and sliders for your own numbers. The pages here are printed",
        "from them; to change a number, open them on your machine:", "",
        "    ./livecomments notebooks", "",
        *lines, "",
    ])  # fmt: skip
