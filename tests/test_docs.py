"""The pages: every measured number stands in a committed result, every link leads somewhere; requests by hand."""

import json
import re
import shlex
import shutil
import signal
import subprocess
import urllib.request

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from jwt.algorithms import OKPAlgorithm
from typer.testing import CliRunner

from reference_impl.cli import app as server_app
from simulation.cli import app
from simulation.docs.notebook_pages import FOLDER, NOTEBOOKS
from simulation.docs.rendering import PAGES, ROOT, render
from tests.readme import COMMANDS, CURLS, ELSEWHERE, README, RUN_BY, TIMEOUT_S, arguments, name_of

MADE = {FOLDER / f"{name}.md" for name in ("index", *NOTEBOOKS)}  # when the site is built, and not before


@pytest.mark.parametrize("page", PAGES)
def test_a_pages_numbers_are_those_of_the_committed_results(page):
    text = (ROOT / page).read_text()
    assert render(text, page) == text, "run `python -m simulation.docs`"


@pytest.mark.parametrize("page", [*PAGES, "ARCHITECTURE.md", "notebooks/README.md"])
def test_a_pages_links_into_the_project_lead_somewhere(page):
    folder = (ROOT / page).parent
    for target in re.findall(r"\]\(([^)#:]+)\)", (ROOT / page).read_text()):
        assert (folder / target).exists() or folder / target in MADE, f"{page} links to {target}"


def test_the_newcomers_two_commands_come_first():
    assert COMMANDS[:2] == ["./livecomments up", "./livecomments test"]


@pytest.mark.parametrize(
    ("program", "arguments", "default"),
    [(app, ["up"], "[default: 10]"), (app, ["run"], "own]"), (server_app, ["serve"], "[default: data]")],
)
def test_help_says_what_an_option_is_when_it_is_not_given(program, arguments, default):
    said = CliRunner().invoke(program, [*arguments, "--help"], env={"COLUMNS": "200"}).output
    assert default in said


@pytest.mark.parametrize("name", RUN_BY)
def test_a_command_that_another_test_runs_is_run_there(name):
    """Not twice; that its options exist is checked for every command of the page."""
    assert name in map(name_of, COMMANDS)
    assert f'"{name.removeprefix("bench ")}"' in (ROOT / RUN_BY[name]).read_text()


@pytest.mark.slow
def test_the_readmes_commands_for_production_run(new_postgres_url, tmp_path):
    key = json.loads(OKPAlgorithm.to_jwk(Ed25519PrivateKey.generate().public_key())) | {"kid": "1"}
    (tmp_path / "keys.json").write_text(json.dumps({"keys": [key]}))
    own = {"postgresql://user@host/comments": new_postgres_url, "https://example.org/keys.json": "keys.json"}
    migrate, serve = (
        [own.get(word, word) for word in arguments(command)] for command in COMMANDS if ELSEWHERE & set(command.split())
    )
    subprocess.run(migrate, cwd=tmp_path, check=True, timeout=TIMEOUT_S)
    with subprocess.Popen(serve, cwd=tmp_path, stderr=subprocess.PIPE, text=True) as server:
        assert any("url=" in line for line in iter(server.stderr.readline, ""))
        server.send_signal(signal.SIGTERM)
        server.communicate(timeout=TIMEOUT_S)
    assert server.returncode == 0


@pytest.fixture
def served(tmp_path):
    """The README's `serve`, on a free port; afterwards Ctrl-C must end it with status 0."""
    command = next(command for command in COMMANDS if " serve --port" in command)
    with subprocess.Popen(arguments(command), cwd=tmp_path, stderr=subprocess.PIPE, text=True) as server:
        try:
            lines = iter(server.stderr.readline, "")
            yield next(match[1] for line in lines if (match := re.search(r"url=(\S+)", line)))
        finally:
            server.send_signal(signal.SIGINT)
            server.communicate(timeout=TIMEOUT_S)
    assert server.returncode == 0


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("curl") is None, reason="needs curl: apt install curl")
def test_the_readmes_requests_by_hand_are_answered(served):
    token, post, history, follow = (
        command.replace("\\\n", " ").replace("http://127.0.0.1:8080", served) for command in CURLS
    )
    posted = json.loads(subprocess.run(["sh", "-c", f"{token}\n{post}"], capture_output=True, check=True).stdout)
    page = json.loads(subprocess.run(shlex.split(history), capture_output=True, check=True).stdout)
    assert page["items"] == [posted]
    with subprocess.Popen(shlex.split(follow), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as stream:
        assert stream.stdout.readline() == "retry: 2000\n"
        stream.kill()
    script = re.search(r'src="http://127.0.0.1:8080(\S+)"', README)[1]
    with urllib.request.urlopen(served + script) as answer:
        assert "javascript" in answer.headers["content-type"]
