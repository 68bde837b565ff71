"""`./livecomments docs`: builds, serves, ends, and says what is in its way."""

import re
import signal
import socket
import subprocess
import sys
import urllib.error
import urllib.request

import pytest
from typer.testing import CliRunner

from simulation.cli import app
from simulation.docs import command, site
from simulation.docs.serving import HOST
from simulation.docs.site import ROOT, SiteError, build

TIMEOUT_S = 120


@pytest.fixture
def no_build(monkeypatch):
    """Where the build itself does not matter, which takes long."""
    monkeypatch.setattr(command, "build", lambda output: None)


def invoke(*arguments):
    return CliRunner().invoke(app, ["docs", *map(str, arguments)])


@pytest.mark.slow
def test_it_builds_serves_and_ends_with_ctrl_c(tmp_path):
    words = [str(ROOT / "livecomments"), "docs", "--port", "0", "--output", "out"]
    with subprocess.Popen(words, cwd=tmp_path, stdout=subprocess.PIPE, text=True) as running:
        try:
            address = next(match[0] for line in running.stdout if (match := re.search(r"http://\S+/", line)))
            with urllib.request.urlopen(f"{address}glossary/") as answer:
                assert "Fencing token" in answer.read().decode()
                assert answer.headers["Cache-Control"] == "no-cache"
            with pytest.raises(urllib.error.HTTPError) as refused:
                urllib.request.urlopen(f"{address}nowhere")
            with refused.value as answer:
                assert answer.code == 404
                assert b"Live Comments" in answer.read()
            running.send_signal(signal.SIGINT)
            running.communicate(timeout=TIMEOUT_S)
        finally:
            running.kill()
    assert running.returncode == 0
    assert (tmp_path / "out" / "index.html").is_file()


def test_a_port_that_is_taken_is_told_before_the_build(tmp_path):
    with socket.socket() as other:
        other.bind((HOST, 0))
        other.listen()
        port = other.getsockname()[1]
        done = invoke("--port", port, "--output", tmp_path / "out")
    assert done.exit_code == 1
    assert f"port {port} is in use" in done.output
    assert not (tmp_path / "out").exists()


@pytest.mark.usefixtures("no_build")
def test_build_only_serves_nothing(tmp_path):
    done = invoke("--build-only", "--output", tmp_path / "out")
    assert done.exit_code == 0
    assert str(tmp_path / "out") in done.output
    assert "http://" not in done.output


def test_what_is_missing_is_named_with_the_command_that_installs_it(tmp_path, monkeypatch):
    monkeypatch.setattr(site, "NEEDED", ("mkdocs", "no_such_package.at_all"))
    done = invoke("--build-only", "--output", tmp_path / "out")
    assert done.exit_code == 1
    assert "no_such_package.at_all must be installed" in done.output
    assert "./livecomments docs" in done.output


@pytest.mark.parametrize("where", ["full", "file", ROOT / "lessons" / "site"])
def test_a_folder_that_would_lose_something_is_refused(tmp_path, where):
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "letter").write_text("dear")
    (tmp_path / "file").write_text("")
    with pytest.raises(SiteError, match=r"is a file|holds something else|inside the pages"):
        build(tmp_path / where)
    assert (tmp_path / "full" / "letter").read_text() == "dear"


@pytest.mark.slow
def test_a_warning_is_an_error(tmp_path, monkeypatch):
    (tmp_path / "lessons").mkdir()
    (tmp_path / "lessons" / "index.md").write_text("# Home\n\n[nowhere](nowhere.md)\n")
    (tmp_path / "mkdocs.yml").write_text("site_name: x\ndocs_dir: lessons\n")
    monkeypatch.setattr(site, "ROOT", tmp_path)
    with pytest.raises(SiteError, match=r"nowhere\.md"):
        build(tmp_path / "out")


def test_the_command_line_does_not_wait_for_the_sites_tools():
    code = "import sys, simulation.cli, simulation.docs.command\nassert not {'mkdocs', 'nbconvert'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True)
