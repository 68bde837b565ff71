"""The notebooks are what their sources make of them: the same cells, and what comes out is what is shown."""

import json
import re

import nbformat
import pytest
from nbclient.exceptions import CellExecutionError, CellTimeoutError

from simulation.notebooks import making
from simulation.notebooks.making import NoisyCellError, execute, read, said, sources
from simulation.notebooks.showing import WIDGET

SIZE_MAX = 1_500_000  # of all together
SECTIONS = ["Predict", "In closed form", "Simulate", "Play", "Break it on purpose", "In an interview"]
LESSONS = [source for source in sources() if source.stem != "interview"]  # the interview room has a course of its own


def name_of(source):
    return source.stem


def shown(source):
    return nbformat.read(source.with_suffix(".ipynb"), as_version=4)


every_notebook = pytest.mark.parametrize("source", sources(), ids=name_of)
every_lesson = pytest.mark.parametrize("source", LESSONS, ids=name_of)


@every_notebook
def test_a_notebook_has_the_cells_of_its_source(source):
    made, committed = read(source), shown(source)
    ours = [(cell.id, cell.cell_type, cell.source, cell.metadata) for cell in made.cells]
    theirs = [(cell.id, cell.cell_type, cell.source, cell.metadata) for cell in committed.cells]
    assert ours == theirs, "run `python -m simulation.notebooks`"
    nbformat.validate(committed)


@pytest.mark.slow
@every_notebook
def test_a_notebook_computes_what_it_shows(source):
    """Cells that are tagged `varies` may say something else each time."""
    committed, done = shown(source), execute(read(source))
    for before, now in zip(committed.cells, done.cells, strict=True):
        if "varies" not in before.metadata.get("tags", []):
            assert said(now) == said(before), f"of\n{now.source}\nrun `python -m simulation.notebooks`"


@every_lesson
def test_a_notebook_has_the_course_of_one(source):
    text = source.read_text()
    headings = re.findall(r"^# ## ([^:,\n]+)", text, re.MULTILINE)
    assert [each for each in headings if each in SECTIONS] == SECTIONS
    assert re.search(r'^# > \*\*The [\w -]+ asks:\*\* "', text, re.MULTILINE)
    assert "play(" in text
    assert "./livecomments check 0" in text


@every_lesson
def test_nothing_is_revealed_before_the_prediction(source):
    """All that is computed above is what is given, and every prediction is held against something below."""
    before, _, after = source.read_text().partition("# ## In closed form")
    assert not re.search(r"\b(?:model|simulate|show|table)\(", before)
    predicted = re.findall(r"^(\w+) = predict\(", before, re.MULTILINE)
    assert len(predicted) >= 2
    assert all(f"{name}.meets(" in after for name in predicted)
    assert "predict(" not in after


@every_notebook
def test_a_notebook_holds_nothing_of_one_run(source):
    document = json.loads(source.with_suffix(".ipynb").read_text())
    code = [cell for cell in document["cells"] if cell["cell_type"] == "code"]
    assert {cell["execution_count"] for cell in code} == {None}
    assert document["metadata"] == making.METADATA
    assert not [cell for cell in code for output in cell["outputs"] if WIDGET in output.get("data", {})]


@every_notebook
def test_a_picture_says_in_words_what_it_shows(source):
    outputs = [output for cell in shown(source).cells for output in cell.get("outputs", [])]
    pictures = [output for output in outputs if "image/png" in output.get("data", {})]
    assert all(len(output.metadata["image/png"]["alt"]) > len("Figure") for output in pictures)


@every_notebook
def test_a_notebooks_links_lead_somewhere(source):
    links = re.findall(r"\]\(([^)#:]+)\)", source.read_text())
    assert links
    assert not [link for link in links if not (source.parent / link).exists()]


@every_notebook
def test_a_notebook_is_listed(source):
    assert f"[{source.stem}]({source.stem}.ipynb)" in (source.parent / "README.md").read_text()


def test_all_notebooks_together_are_small():
    assert sum(source.with_suffix(".ipynb").stat().st_size for source in sources()) < SIZE_MAX


def notebook(tmp_path, *cells):
    source = tmp_path / "made.py"
    source.write_text("\n\n".join(f"# %%\n{cell}" for cell in cells))
    return read(source)


def test_a_cell_that_fails_is_shown(tmp_path):
    with pytest.raises(CellExecutionError, match=r"(?s)assert half == 2.*AssertionError"):
        execute(notebook(tmp_path, "half = 1", "assert half == 2"), tmp_path)


def test_a_cell_that_does_not_end_is_ended_and_shown(tmp_path, monkeypatch):
    monkeypatch.setattr(making, "CELL_TIMEOUT_S", 1)
    with pytest.raises(CellTimeoutError, match="while True"):
        execute(notebook(tmp_path, "while True: pass"), tmp_path)


def test_a_cell_that_complains_is_shown(tmp_path):
    with pytest.raises(NoisyCellError, match=r"(?s)old\n.*import warnings"):
        execute(notebook(tmp_path, 'import warnings\n\nwarnings.warn("old")'), tmp_path)


def test_a_cell_keeps_its_name_when_another_one_changes(tmp_path):
    before, after = notebook(tmp_path, "1", "2", "2"), notebook(tmp_path, "0", "1", "2", "2")
    assert [cell.id for cell in after.cells][1:] == [cell.id for cell in before.cells]
    assert len({cell.id for cell in after.cells}) == 4


def test_figures_that_part_are_noticed_in_words_and_pictures_only_by_their_kind(tmp_path):
    cells = 'import simulation.notebooks.showing as s\ns.publish({"image/png": "%s", "text/plain": "Figure: %s"})'
    one, other = (
        said(execute(notebook(tmp_path, cells % each), tmp_path).cells[0]) for each in (("AA==", "a"), ("AB==", "a"))
    )
    assert one == other == [{"image/png": "", "text/plain": "Figure: a"}]


MOVED = """
from ipywidgets.widgets.widget import _instances

def one(kind):
    return next(each for each in _instances.values() if type(each).__name__ == kind)

slider, image, trouble, seen = one("SelectionSlider"), one("Image"), one("HTML"), []
for value in (1, 2, 3, 1):
    slider.value = value
    seen.append((image.value, trouble.value))
print(seen[0] == seen[3], seen[0] != seen[1], seen[1][0] == seen[2][0], seen[2][1])
"""
PLAYED = """
from simulation.notebooks.playing import Slider, play
from simulation.notebooks.showing import finding, paper

def draw(speed):
    if speed == 3:
        raise ValueError("too fast")
    figure, (axis,) = paper()
    finding(axis, f"At {speed}")
    return figure

play(draw, speed=Slider((1, 2, 3), 1))
"""


def test_a_slider_that_moves_draws_anew_and_what_goes_wrong_is_said(tmp_path):
    played, moved = execute(notebook(tmp_path, PLAYED, MOVED), tmp_path).cells
    assert said(moved) == ["True True True <b>too fast</b>\n"]
    assert said(played)[-1] == {"image/png": "", "text/plain": "Figure: At 1"}
