"""What a notebook shows: sentences, tables, figures in one style. In plain Python all of it is printed as text."""

import base64
import io
import sys
from collections.abc import Iterable, Mapping, Sequence
from textwrap import fill
from typing import TYPE_CHECKING, Any

from simulation import tables
from simulation.experiments.showing import COLOURS

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

WIDGET = "application/vnd.jupyter.widget-view+json"  # nothing without the kernel that made it
WIDTH, HEIGHT = 7.2, 3.5  # inches
DPI = 110
LETTERS = {1: 70, 2: 32, 3: 20}  # of a title in one line, by how many charts stand side by side
COLOURS_MAX = 96  # of a picture, which makes it a third of its size
LIVE, MODEL, THEORY = COLOURS["live"], COLOURS["sim"], "#3d3d3d"
SERIES = ("#0b6e99", "#d9822b", "#4f8a3c", "#8d4e9c", "#b8433a", "#7a7a7a")
MARKS = ("o", "s", "^", "D", "v", "P")  # of the series, so that colour is not all that tells them apart
STYLE: Any = {
    "font.size": 9.5, "axes.titlesize": 10.5, "axes.titleweight": "bold", "axes.titlelocation": "left",
    "axes.titlepad": 9.0,
    "axes.spines.top": False, "axes.spines.right": False, "axes.grid": True, "axes.axisbelow": True,
    "grid.color": "#dddddd", "grid.linewidth": 0.7, "legend.frameon": False, "legend.fontsize": 9,
    "figure.facecolor": "white", "axes.labelcolor": "#333333", "lines.linewidth": 2.0, "errorbar.capsize": 3.0,
}  # fmt: skip


def say(text: str) -> None:
    """A paragraph of Markdown."""
    publish({"text/markdown": text, "text/plain": text})


def table(head: Sequence[str], rows: Iterable[Sequence[object]], *, words: bool = False) -> None:
    """The first column is text, the others are figures, or ``words`` too."""
    marks = "| --- |" if words else "| --- | --: |"
    say(tables.markdown(head, [[str(each) for each in row] for row in rows], marks))


def number(value: float) -> str:
    """As people read it: 1,000,000 or 0.5."""
    return f"{value:,.0f}" if float(value).is_integer() else f"{value:,g}"


def paper(columns: int = 1, *, height: float = HEIGHT) -> tuple["Figure", list["Axes"]]:
    """An empty figure, and its axes from left to right. All that is drawn from then on has the one style."""
    import matplotlib
    from matplotlib.figure import Figure

    matplotlib.rcParams.update(STYLE)
    figure = Figure(figsize=(WIDTH, height), layout="constrained")
    axes = list(figure.subplots(1, columns, squeeze=False).flat)
    for axis in axes:
        axis.xaxis.set_major_formatter(lambda value, _: number(value))
    return figure, axes


def finding(axis: "Axes", text: str) -> None:
    """The title of a chart, which says what was found."""
    axis.set_title(fill(text, LETTERS[len(axis.figure.axes)]))


def show(figure: "Figure") -> None:
    """A figure as a picture; its titles are what is said of it where there are none."""
    publish(*pictured(figure))


def pictured(figure: "Figure") -> tuple[dict[str, Any], dict[str, Any]]:
    """The data of a figure's output, and what is said about them."""
    words = titles(figure)
    picture = base64.b64encode(png(figure)).decode()
    return {"image/png": picture, "text/plain": f"Figure: {words}"}, {"image/png": {"alt": words}}


def titles(figure: "Figure") -> str:
    """Its findings."""
    found = [axis.get_title(loc="left") for axis in figure.axes]
    return " | ".join(" ".join(title.split()) for title in found if title)


def png(figure: "Figure") -> bytes:
    """Small, and the same bytes whenever the same is drawn by the same matplotlib."""
    from PIL import Image

    drawn, packed = io.BytesIO(), io.BytesIO()
    figure.savefig(drawn, format="png", dpi=DPI, metadata={"Software": None})
    with Image.open(drawn) as image:
        image.convert("RGB").quantize(COLOURS_MAX, dither=Image.Dither.NONE).save(packed, format="png", optimize=True)
    return packed.getvalue()


def publish(data: Mapping[str, Any], metadata: Mapping[str, Any] | None = None) -> None:
    """One output of the cell that runs, of which a reader's program takes the richest kind it knows."""
    if not in_kernel():
        sys.stdout.write(f"{data['text/plain']}\n\n")
        return
    from IPython.display import display

    display(dict(data), raw=True, metadata=dict(metadata or {}))  # type: ignore[no-untyped-call]


def in_kernel() -> bool:
    """Whether this is a notebook that runs."""
    shell = sys.modules.get("IPython")
    return shell is not None and hasattr(shell.get_ipython(), "kernel")
