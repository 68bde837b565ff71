"""`livecomments notebooks`: copies that are the learner's, and a JupyterLab on them that ends cleanly."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request

import pytest
from typer.testing import CliRunner

from simulation.cli import app
from simulation.notebooks import command
from simulation.notebooks.copying import KEPT, NEW, NEWER, NotebookError, asked_for, copied
from simulation.notebooks.kernels import FOLDER, ROOT
from simulation.notebooks.making import execute, read

CAPACITY = FOLDER / "capacity.ipynb"
START_S = 180  # of what takes some ten seconds on a machine that does nothing else


def code(document):
    return [cell["source"] for cell in document["cells"] if cell["cell_type"] == "code"]


def test_a_copy_has_the_cells_and_nothing_of_what_came_out(tmp_path):
    path, said = copied(CAPACITY, tmp_path / "notebooks")
    ours, theirs = json.loads(path.read_text()), json.loads(CAPACITY.read_text())
    assert said == NEW
    assert code(ours) == code(theirs)
    assert not [cell for cell in ours["cells"] if cell.get("outputs")]


def test_a_copy_says_where_pages_are_that_it_cannot_link_to(tmp_path):
    text = copied(CAPACITY, tmp_path)[0].read_text()
    assert "](../" in CAPACITY.read_text()
    assert "](../" not in text
    assert "Requirements and estimates (`lessons/01-requirements.md`)" in text


def test_a_copy_that_is_there_is_never_changed(tmp_path):
    path, _ = copied(CAPACITY, tmp_path)
    worked_on = path.read_text().replace('"cells"', '"cells" ')
    path.write_text(worked_on)
    assert copied(CAPACITY, tmp_path) == (path, KEPT)
    assert path.read_text() == worked_on


def test_a_copy_of_an_earlier_notebook_is_told_of(tmp_path):
    earlier = tmp_path / "course" / "capacity.ipynb"
    earlier.parent.mkdir()
    earlier.write_text(CAPACITY.read_text().replace("Capacity", "Old"))
    path, _ = copied(earlier, tmp_path)
    assert copied(CAPACITY, tmp_path) == (path, NEWER)
    path.write_text("no notebook at all")
    assert copied(CAPACITY, tmp_path) == (path, NEWER)


def test_an_unknown_name_is_answered_with_those_there_are(tmp_path):
    with pytest.raises(NotebookError, match=r"no notebook 'x'\. There are: .*capacity.*fan_out"):
        asked_for("x", FOLDER)
    with pytest.raises(NotebookError, match=r"'capcity'\. Did you mean 'capacity'\? There are: "):
        asked_for("capcity", FOLDER)
    with pytest.raises(NotebookError, match="checkout"):
        asked_for("", tmp_path)


def test_a_folder_that_cannot_be_written_is_told(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(NotebookError, match="cannot write"):
        copied(CAPACITY, tmp_path / "file")


def test_without_jupyter_the_command_says_where_it_comes_from(tmp_path, monkeypatch):
    monkeypatch.setattr(command, "find_spec", lambda name: None)
    done = CliRunner().invoke(app, ["notebooks", "--answers", str(tmp_path)])
    assert done.exit_code != 0
    assert "./livecomments notebooks" in done.output
    assert not list(tmp_path.iterdir())


def test_a_kernel_finds_the_project_from_any_folder(tmp_path):
    source = tmp_path / "cell.py"
    source.write_text("# %%\nimport reference_impl\nimport simulation\n\nprint(simulation.__name__)")
    assert execute(read(source), tmp_path).cells[0].outputs[0].text == "simulation\n"


@pytest.mark.parametrize("folder", ["", "notebooks", "answers/notebooks"])
def test_a_source_is_plain_python_too(folder, tmp_path):
    """Without any help from the environment, from the project's folder and others."""
    head = (FOLDER / "capacity.py").read_text().partition("import Demand")[0] + "import Demand\nprint(Demand.__name__)"
    tree = tmp_path / "project"
    (tree / folder).mkdir(parents=True)
    for package in ("simulation", "reference_impl"):
        (tree / package).symlink_to(ROOT / package)
    (tree / folder / "own.py").write_text(head)
    bare = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    done = subprocess.run(
        [sys.executable, str(tree / folder / "own.py")], cwd=tmp_path, env=bare, capture_output=True, text=True
    )
    assert done.stdout == "Demand\n", done.stderr


@pytest.fixture
def jupyter(tmp_path):
    """`./livecomments notebooks capacity`, on a free port, with nothing of this machine's own settings."""
    own = {f"JUPYTER_{each}_DIR": str(tmp_path / each.lower()) for each in ("CONFIG", "DATA", "RUNTIME")}
    arguments = [str(ROOT / "livecomments"), "notebooks", "capacity", "--no-browser", "--port", "0"]
    arguments += ["--answers", "answers"]  # not those of this checkout
    started = subprocess.Popen(
        arguments, cwd=tmp_path, env=os.environ | own, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    )
    with started:
        yield started
        started.kill()


def answered(url):
    """Jupyter names its address a little before it listens there."""
    for left in reversed(range(10 * START_S)):
        try:
            return urllib.request.urlopen(url, timeout=START_S)
        except urllib.error.URLError:
            if not left:
                raise
            time.sleep(0.1)
    return None


def test_a_port_that_is_taken_is_told_before_anything_is_copied(tmp_path):
    with socket.socket() as other:
        other.bind((command.HOST, 0))
        other.listen()
        port = other.getsockname()[1]
        done = CliRunner().invoke(app, ["notebooks", "--port", str(port), "--answers", str(tmp_path / "answers")])
    assert done.exit_code == 1
    assert done.output.startswith(f"livecomments: cannot listen on {command.HOST}:{port}: ")
    assert not (tmp_path / "answers").exists()


@pytest.mark.slow
def test_jupyter_serves_the_copy_says_where_and_ends_with_ctrl_c(jupyter, tmp_path):
    said = [jupyter.stderr.readline()]
    while not (found := re.match(r"JupyterLab: (http://127\S+?)/lab/tree/(\S+)\?token=(\w+) ", said[-1])):
        assert said[-1], said
        said.append(jupyter.stderr.readline())
    url, opened, token = found.groups()
    with answered(f"{url}/api/contents?token={token}") as answer:
        assert [each["name"] for each in json.load(answer)["content"]] == ["capacity.ipynb"]
    assert opened == "capacity.ipynb"
    assert (tmp_path / "answers/notebooks/capacity.ipynb").exists()
    jupyter.send_signal(signal.SIGINT)
    said.append(jupyter.communicate(timeout=START_S)[1])
    assert jupyter.returncode == 0
    assert "".join(said).count(token) == 1
    assert not re.findall(r"^\[I .*", "".join(said), re.MULTILINE)
