"""What pictures are drawn with: matplotlib, imported when the first one is drawn, since it takes longer than most runs.

from simulation import drawing
figure, axis = drawing.pyplot.subplots()
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib import lines as lines
    from matplotlib import pyplot as pyplot
    from matplotlib import ticker as ticker
    from matplotlib.axes import Axes as Axes
    from matplotlib.figure import Figure as Figure

PARTS = ("lines", "pyplot", "ticker")


def __getattr__(name: str) -> Any:
    """A part of matplotlib, at its first use."""
    if name not in PARTS:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    import_module("matplotlib").use("agg")  # pictures go to files; no window system is needed
    return import_module(f"matplotlib.{name}")
