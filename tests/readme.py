"""The README's commands, and what is asked of one that is run as it is printed there, only shorter."""

import json
import os
import re
import shlex
import shutil
import subprocess

import pytest

from simulation.calibration import REFERENCE
from simulation.docs.rendering import ROOT
from tests.patience import PATIENT

README = (ROOT / "README.md").read_text()
COMMANDS = re.findall(r"^    (\./livecomments .*)$", README, re.MULTILINE)
CURLS = re.findall(r"^    ((?:TOKEN=\$\()?curl (?:.*\\\n)*.*)$", README, re.MULTILINE)
SHORT = {
    "up": "--seconds 2 --viewers 20 --port 0 --exit",
    "test": "--version",
    "serve": "--port 0",
    "bench ingest": "--stored 1000 --seconds 1 --json ingest.json --plot ingest.png",
    "bench fanout": "--viewers 20 --seconds 1",
    "chaos": "--viewers 2",
    "run quick": f"--calibration {REFERENCE}",  # what measures this machine is run by `up` and `calibrate`
    "calibrate": "--scenario quick",
    "run fan_out": "--engine sim --repeat 1",
    "run failover": "--engine sim --repeat 1",
    "learn": "--answers answers",  # not those of this checkout
    "report": f"--only v150-20s-w20 --seconds 2 --calibration {REFERENCE}",
}
ELSEWHERE = {"postgresql://user@host/comments", "https://example.org/keys.json"}  # in the reader's own place
# Run by tests of their own, as small and with more asked of what they find.
RUN_BY = {
    "bench display": "tests/simulation/test_display_bench.py",
    "docs": "tests/docs/test_command.py",
    "notebooks": "tests/notebooks/test_command.py",
}
TIMEOUT_S = 480  # for the slowest, beside another test


def name_of(command) -> str:
    words = shlex.split(command)
    return " ".join(words[1:3]) if words[1] in ("bench", "run") else words[1]


def arguments(command: str) -> list[str]:
    """The command as printed, with later options that make it short (the last one given counts)."""
    return [str(ROOT / "livecomments"), *shlex.split(command)[1:], *shlex.split(SHORT.get(name_of(command), ""))]


def runs_here(command: str) -> bool:
    return " serve" not in command and not ELSEWHERE & set(command.split()) and name_of(command) not in RUN_BY


HERE = [command for command in COMMANDS if runs_here(command)]  # by two files of tests, which run side by side


def run(command, tmp_path):
    """Run it and look at what it leaves."""
    shutil.copy(ROOT / "simulation/traces/twitch-a.jsonl", tmp_path / "mychat.jsonl")
    if " chaos " in command and shutil.which("redis-server") is None:
        pytest.skip("no redis-server: install it (apt-get install redis-server)")
    own = {} if " chaos " in command else PATIENT  # whose servers are to meet what it does to them as they are
    done = subprocess.run(
        arguments(command), cwd=tmp_path, env=os.environ | own, capture_output=True, text=True, timeout=TIMEOUT_S
    )
    # A loaded machine voids a run, or tells too little of what anything costs: honest answers, and no broken command.
    if "too busy to measure" in done.stderr:
        return
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
