"""The pages: every measured number stands in a committed result, and every command in the README runs."""

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
from simulation.calibration import REFERENCE
from simulation.cli import app
from simulation.docs.rendering import PAGES, ROOT, render

README = (ROOT / "README.md").read_text()
COMMANDS = re.findall(r"^    (\./livecomments .*)$", README, re.MULTILINE)
CURLS = re.findall(r"^    ((?:TOKEN=\$\()?curl (?:.*\\\n)*.*)$", README, re.MULTILINE)
SHORT = {
    "up": "--seconds 2 --viewers 20 --port 0 --exit",
    "test": "--version",
    "serve": "--port 0",
    "bench ingest": "--stored 1000 --seconds 1 --json ingest.json --plot ingest.png",
    "bench fanout": "--viewers 20 --seconds 1",
    "bench partitions": "--strategies by_stream,hot_split --seconds 1 --row-us 0",
    "chaos": "--viewers 2",
    "run quick": f"--calibration {REFERENCE}",  # what measures this machine is run by `up` and `calibrate`
    "calibrate": "--scenario quick",
    "run fan_out": "--engine sim --repeat 1",
    "run failover": "--engine sim --repeat 1",
    "run hot_partition": "--engine sim --repeat 1",
    "run backpressure": "--engine sim --repeat 1",
    "docs": "--build-only --output site",
    "report": f"--only v150-20s-w20 --seconds 2 --calibration {REFERENCE}",
}
ELSEWHERE = {"postgresql://user@host/comments", "https://example.org/keys.json"}  # in the reader's own place
# Run by tests of their own, as small and with more asked of what they find.
RUN_BY = {
    "bench soak": "tests/simulation/test_endurance.py",
    "bench drain": "tests/simulation/test_endurance.py",
    "bench display": "tests/simulation/test_display_bench.py",
    "notebooks": "tests/notebooks/test_command.py",
}
TIMEOUT_S = 480  # for the slowest, beside another test


@pytest.mark.parametrize("page", PAGES)
def test_a_pages_numbers_are_those_of_the_committed_results(page):
    text = (ROOT / page).read_text()
    assert render(text, page) == text, "run `python -m simulation.docs`"


@pytest.mark.parametrize("page", [*PAGES, "ARCHITECTURE.md", "notebooks/README.md"])
def test_a_pages_links_into_the_project_lead_somewhere(page):
    folder = (ROOT / page).parent
    for target in re.findall(r"\]\(([^)#:]+)\)", (ROOT / page).read_text()):
        assert (folder / target).exists(), f"{page} links to {target}"


def test_the_newcomers_two_commands_come_first():
    assert COMMANDS[:2] == ["./livecomments up", "./livecomments test"]


@pytest.mark.parametrize(
    ("program", "arguments", "default"),
    [(app, ["up"], "[default: 10]"), (app, ["run"], "own]"), (server_app, ["serve"], "[default: data]")],
)
def test_help_says_what_an_option_is_when_it_is_not_given(program, arguments, default):
    said = CliRunner().invoke(program, [*arguments, "--help"], env={"COLUMNS": "200"}).output
    assert default in said


def _name(command: str) -> str:
    words = shlex.split(command)
    return " ".join(words[1:3]) if words[1] in ("bench", "run") else words[1]


def _arguments(command: str) -> list[str]:
    """The command as printed, with later options that make it short (the last one given counts)."""
    return [str(ROOT / "livecomments"), *shlex.split(command)[1:], *shlex.split(SHORT.get(_name(command), ""))]


def _runs_here(command: str) -> bool:
    return " serve" not in command and not ELSEWHERE & set(command.split()) and _name(command) not in RUN_BY


@pytest.mark.parametrize("name", RUN_BY)
def test_a_command_that_another_test_runs_is_run_there(name):
    """Not twice; that its options exist is checked for every command of the page."""
    assert name in map(_name, COMMANDS)
    assert f'"{name.removeprefix("bench ")}"' in (ROOT / RUN_BY[name]).read_text()


@pytest.mark.slow
@pytest.mark.parametrize("command", [command for command in COMMANDS if _runs_here(command)])
def test_a_readme_command_runs(command, tmp_path):
    shutil.copy(ROOT / "simulation/traces/twitch-a.jsonl", tmp_path / "mychat.jsonl")
    if " chaos " in command and shutil.which("redis-server") is None:
        pytest.skip("no redis-server: install it (apt-get install redis-server)")
    done = subprocess.run(
        _arguments(command), cwd=tmp_path, capture_output=True, text=True, timeout=TIMEOUT_S, check=False
    )
    # A generator too busy on a loaded machine voids a run, which is the honest answer and not a broken command.
    assert done.returncode == 0 or "void" in done.stderr, done.stdout + done.stderr
    if "--json result.json" in command:
        check_document(json.loads((tmp_path / "result.json").read_text()))
        assert (tmp_path / "result.png").read_bytes().startswith(b"\x89PNG")
    if " bench ingest " in command:
        rows = json.loads((tmp_path / "ingest.json").read_text())["rows"]
        assert {
            "log",
            "endpoint",
            "comments_per_s",
            "ack_p50_ms",
            "ack_p99_ms",
            "cpu_us_per_comment",
            "stored_before",
        } == {name for row in rows for name in row}
        assert all(row["comments_per_s"] > 0 for row in rows)
        assert (tmp_path / "ingest.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.slow
def test_the_readmes_commands_for_production_run(new_postgres_url, tmp_path):
    key = json.loads(OKPAlgorithm.to_jwk(Ed25519PrivateKey.generate().public_key())) | {"kid": "1"}
    (tmp_path / "keys.json").write_text(json.dumps({"keys": [key]}))
    own = {"postgresql://user@host/comments": new_postgres_url, "https://example.org/keys.json": "keys.json"}
    migrate, serve = (
        [own.get(word, word) for word in _arguments(command)]
        for command in COMMANDS
        if ELSEWHERE & set(command.split())
    )
    subprocess.run(migrate, cwd=tmp_path, check=True, timeout=TIMEOUT_S)
    with subprocess.Popen(serve, cwd=tmp_path, stderr=subprocess.PIPE, text=True) as server:
        assert any("url=" in line for line in iter(server.stderr.readline, ""))
        server.send_signal(signal.SIGTERM)
        server.communicate(timeout=TIMEOUT_S)
    assert server.returncode == 0


def check_document(document):
    """The shape that readers of ``--json`` rely on."""
    assert {"scenario", "seed", "runs", "comparison"} <= document.keys()
    assert [run["engine"] for run in document["runs"]] == ["live", "sim"]
    for run in document["runs"]:
        assert set(run["latency_ms"]) == {"api", "log", "broker", "hub", "socket", "end_to_end"}
        assert all(0 <= each["p50"] <= each["p95"] <= each["p99"] for each in run["latency_ms"].values())
        counts = run["counts"]
        assert set(counts) == {
            "posted", "accepted", "rejected", "delivered", "shed", "lost", "duplicated", "reordered",
        }  # fmt: skip
        assert counts["posted"] == counts["accepted"] + counts["rejected"]
        assert counts["delivered"] == counts["accepted"] * document["scenario"]["audience"]["viewers"] > 0
        assert (counts["lost"], counts["duplicated"], counts["reordered"]) == (0, 0, 0)
    end_to_end = document["comparison"]["end_to_end"]["p99"]
    assert set(end_to_end) == {"live", "sim", "error_pct"}
    assert end_to_end["error_pct"] == pytest.approx((end_to_end["sim"] / end_to_end["live"] - 1) * 100, abs=0.1)


@pytest.fixture
def served(tmp_path):
    """The README's `serve`, on a free port; afterwards Ctrl-C must end it with status 0."""
    command = next(command for command in COMMANDS if " serve --port" in command)
    with subprocess.Popen(_arguments(command), cwd=tmp_path, stderr=subprocess.PIPE, text=True) as server:
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
