"""Tables of figures: as Markdown for a page, and for a screen."""

from collections.abc import Iterable, Sequence

from rich.table import Table

Line = Sequence[str]


def markdown(head: Line, lines: Iterable[Iterable[str]], marks: str = "| --- | --: |") -> str:
    """Words in the first column and numbers in the others, or as ``marks`` say.

    They are how the line under the head begins; the last of them holds for all columns that are left.
    """
    last = marks[marks.rindex("|", 0, -1) + 1 :]
    under = marks + last * (len(head) - marks.count("|") + 1)
    return "\n".join([_row(head), under, *map(_row, lines)])


def _row(line: Iterable[str]) -> str:
    return f"| {' | '.join(line)} |"


def on_screen(head: Line, lines: Iterable[Line], *, title: str | None = None, left: int = 1) -> Table:
    """So many columns of words are at the left."""
    found = Table(title=title, title_justify="left", title_style="bold")
    for number, heading in enumerate(head):
        found.add_column(heading, justify="left" if number < left else "right")
    for line in lines:
        found.add_row(*line)
    return found
