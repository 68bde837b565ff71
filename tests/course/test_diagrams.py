"""The pictures of the pages are those of their data, and all of their text is on them."""

import pytest

from simulation.docs.diagrams import IMAGES, diagrams
from simulation.docs.svg import Arrow, Box, Diagram, Note

DIAGRAMS = diagrams()


def boxes(**other):
    return {"a": Box(10, 10, "a"), "b": Box(50, 10, "b"), **other}


@pytest.mark.parametrize("name", DIAGRAMS)
def test_a_committed_picture_is_drawn_of_its_data(name):
    assert (IMAGES / f"{name}.svg").read_text() == DIAGRAMS[name].svg()


@pytest.mark.parametrize("name", DIAGRAMS)
def test_no_text_leaves_the_picture(name):
    assert DIAGRAMS[name].outside() == []


def test_text_that_leaves_it_is_noticed():
    drawn = Diagram(
        title="", says="", width=60, height=20, boxes=boxes(), notes=[Note(58, 5, "too far"), Note(30, 15, "inside")],
        arrows=[Arrow("a", "b", "over the top", via=((10, 0), (50, 0)))],
    )  # fmt: skip
    assert drawn.outside() == ["over the top", "too far"]


def test_an_arrow_goes_round_its_corners_and_ends_at_the_boxes():
    drawn = Diagram(
        title="", says="", width=60, height=40, boxes=boxes(), arrows=[Arrow("a", "b", via=((10, 30), (50, 30)))]
    ).svg()
    assert 'd="M100.0 129.0 L100.0 292.0 Q100.0 300.0 108.0 300.0 L492.0 300.0 Q500.0 300.0 500.0 292.0' in drawn


def test_what_is_written_on_a_line_is_drawn_over_the_boxes():
    drawn = Diagram(title="", says="", width=60, height=20, boxes=boxes(), arrows=[Arrow("a", "b", "label")]).svg()
    assert drawn.index('<path d="M') < drawn.index("<rect x=") < drawn.index(">label<")
