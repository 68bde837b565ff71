"""The diagrams of the pages: a module each, whose `DIAGRAM` is drawn as lessons/images/NAME.svg."""

from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules

from simulation.docs.scatter import Scatter
from simulation.docs.svg import Diagram

IMAGES = Path(__file__).parents[3] / "lessons" / "images"


def diagrams() -> dict[str, Diagram | Scatter]:
    """All of them, by name."""
    return {each.name: import_module(f"{__name__}.{each.name}").DIAGRAM for each in iter_modules(__path__)}


def draw_all() -> Iterator[Path]:
    for name, diagram in diagrams().items():
        path = IMAGES / f"{name}.svg"
        path.write_text(diagram.svg())
        yield path
