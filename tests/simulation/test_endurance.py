"""The soak and the drain, small: nothing is lost, memory is sampled, everybody comes back."""

import json

import pytest
from typer.testing import CliRunner

from simulation.cli import app

pytestmark = pytest.mark.slow


def bench(tmp_path, *command):
    file, picture = tmp_path / "run.json", tmp_path / "run.png"
    done = CliRunner().invoke(app, ["bench", *command, "--json", str(file), "--plot", str(picture)])
    assert done.exit_code == 0, done.output
    assert picture.read_bytes().startswith(b"\x89PNG")
    return json.loads(file.read_text())


def test_a_soak_samples_memory_and_counts_what_everybody_got(tmp_path):
    run = bench(tmp_path, "soak", "--viewers", "30", "--seconds", "2", "--rate", "20")
    assert len(run["at_s"]) == len(run["rss_kb"]) >= 2
    assert all(kb > 0 for kb in run["rss_kb"])
    counts = run["counts"]
    assert counts["delivered"] == 30 * (counts["comments"] - 1)  # the first event is the stream's settings
    assert (counts["lost"], counts["duplicated"], counts["skipped"]) == (0, 0, 0)


def test_a_drain_hands_everybody_over_once_at_the_slots_that_were_assigned(tmp_path):
    run = bench(tmp_path, "drain", "--viewers", "40", "--per-s", "8", "--rate", "20")
    assert sum(run["rejoined"]) == 40
    assert len([count for count in run["rejoined"] if count]) > 2  # 5 s at 8 a second; not all at once
    counts = run["counts"]
    assert counts["delivered"] == 40 * (counts["comments"] - 1)
    assert (counts["lost"], counts["duplicated"], counts["skipped"], counts["reconnects"]) == (0, 0, 0, 40)
