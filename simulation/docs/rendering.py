"""Puts measured numbers and real source into the pages: what stands between two marks is made anew.

    <!-- result: up -->      the tables of simulation/results/up.json            <!-- end -->
    <!-- source: reference_impl/policy/rate.py TokenBucket.take -->  a listing   <!-- end -->
    a p99 of <!--= p99_live -->38.9 ms<!--/-->                                    a figure in a sentence

A page's figures are those of the module in `simulation.course.figures` that is called like it. A test fails when a page
and what it is made of differ, so no number in prose is typed by hand.

No line may begin with a figure's mark: Markdown takes it for a block of its own there, and cuts the paragraph in two.
So such a line gets the last word of the one before it.
"""

import re
from collections.abc import Mapping
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

from simulation.docs.blocks import block
from simulation.docs.listing import listing

ROOT = Path(__file__).parents[2]
FIGURES = "simulation.course.figures"
# Those of the notebooks are made by the build of the site.
PAGES = (
    "README.md",
    *sorted(
        f"{path.relative_to(ROOT)}" for path in (ROOT / "lessons").rglob("*.md") if path.parent.name != "notebooks"
    ),
)

_BLOCK = re.compile(r"(<!-- (result|source): (.+?) -->\n).*?(<!-- end -->)", re.DOTALL)
_WORD = r"[^\s<>|]+(?: <!--= \w+ -->[^\n]*?<!--/-->[^\s<>|]*)*"
_BEGINS = re.compile(rf"^(.{{20,}}?) +({_WORD})\n( *)(?=<!--= )", re.MULTILINE)
_FIGURE = re.compile(r"(<!--= (\w+) -->).*?(<!--/-->)", re.DOTALL)


def render(text: str, page: str) -> str:
    """The page with everything between marks made anew; KeyError names a figure that its module does not have."""
    figures = of_page(page)

    def made(match: re.Match[str]) -> str:
        if match[2] == "source":
            return listing(ROOT, match[3])
        return figures[match[3]] if match[3] in figures else block(match[3])

    text = _BLOCK.sub(lambda match: f"{match[1]}\n{made(match)}\n\n{match[4]}", begun_with_words(text))
    return _FIGURE.sub(lambda match: f"{match[1]}{figures[match[2]]}{match[3]}", text)


def begun_with_words(text: str) -> str:
    """No line that goes on begins with a mark; a paragraph's first line is for its author to mend."""
    while (better := _BEGINS.sub(r"\1\n\3\2 ", text)) != text:
        text = better
    return text


@cache
def of_page(page: str) -> Mapping[str, str]:
    """The figures of a page, by name; none where it has no module."""
    name = re.sub(r"^\d+_", "", Path(page).stem.replace("-", "_")).lower()
    module = f"{FIGURES}.{name}"
    figures: Mapping[str, str] = import_module(module).figures() if find_spec(module) else {}
    return figures
