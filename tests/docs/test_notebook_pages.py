"""Pages of notebooks: what an executed notebook shows, with its pictures beside it."""

import base64

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from simulation.docs.notebook_pages import NOTEBOOKS, WIDGET, write_all

PNG = b"\x89PNG\r\n\x1a\nnot really"


@pytest.fixture
def notebook():
    outputs = [
        new_output("stream", name="stdout", text="41 edges\n"),
        new_output("stream", name="stderr", text="a warning\n"),
        new_output("display_data", data={"image/png": base64.b64encode(PNG).decode(), "text/plain": "<Figure>"}),
        new_output("display_data", data={WIDGET: {"model_id": "1"}, "text/plain": "interactive(slider)"}),
        new_output("execute_result", data={"text/html": "<b>9</b>", "text/markdown": "**9**"}, execution_count=1),
    ]
    cells = [
        new_markdown_cell(
            "# Capacity\n\nHow many? [Lesson](../lessons/01-requirements.md#live), [more](fan_out.ipynb)."
        ),
        new_code_cell("edges()", outputs=outputs),
    ]
    return new_notebook(cells=cells)


@pytest.fixture
def pages(tmp_path, notebook):
    (tmp_path / "notebooks").mkdir()
    nbformat.write(notebook, tmp_path / "notebooks" / "capacity.ipynb")
    write_all(tmp_path / "notebooks", tmp_path / "pages")
    return tmp_path / "pages"


def test_a_page_has_text_code_output_and_pictures(pages):
    text = (pages / "capacity.md").read_text()
    assert text.startswith("# Capacity\n\n*Printed from `notebooks/capacity.ipynb`.")
    assert "```python\nedges()\n```" in text
    assert "    41 edges" in text
    assert "![What a crowd costs, figure 1](capacity_files/" in text
    assert [path.read_bytes() for path in (pages / "capacity_files").iterdir()] == [PNG]


def test_links_lead_to_pages_of_the_site(pages):
    text = (pages / "capacity.md").read_text()
    assert "[Lesson](../01-requirements.md#live), [more](fan_out.md)" in text


def test_what_only_moves_in_a_notebook_is_left_out(pages):
    text = (pages / "capacity.md").read_text()
    assert "interactive" not in text
    assert "a warning" not in text
    assert "**9**" in text
    assert "<b>" not in text


def test_every_notebook_of_the_course_has_a_page_and_the_index_names_it(pages):
    index = (pages / "index.md").read_text()
    for name, title in NOTEBOOKS.items():
        assert f"[{title}]({name}.md)" in index
        assert (pages / f"{name}.md").is_file()
    assert "not written yet" in (pages / "interview.md").read_text()


def test_pages_are_made_anew_and_what_is_gone_goes(pages, tmp_path):
    before = (pages / "capacity.md").stat().st_mtime_ns
    (pages / "old.md").write_text("old")
    write_all(tmp_path / "notebooks", pages)
    assert not (pages / "old.md").exists()
    assert (pages / "capacity.md").stat().st_mtime_ns == before  # what is the same is not written again
    (tmp_path / "notebooks" / "capacity.ipynb").unlink()
    write_all(tmp_path / "notebooks", pages)
    assert "not written yet" in (pages / "capacity.md").read_text()
    assert not (pages / "capacity_files").exists()
