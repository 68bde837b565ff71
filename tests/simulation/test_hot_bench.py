"""The benchmark of the hot window, small: it measures the script and the log, and says so when there is no Redis."""

import json

import pytest
from typer.testing import CliRunner

from simulation.bench import hot_log
from simulation.cli import app
from tests.redises import redis_servers


@pytest.mark.slow
def test_the_script_and_the_log_are_measured_for_both_ways_to_sync(tmp_path, monkeypatch):
    monkeypatch.setattr(hot_log, "BENCHMARK_CALLS", 5_000)
    with redis_servers():  # skips where there is none
        file = tmp_path / "run.json"
        done = CliRunner().invoke(
            app, ["bench", "hot", "--seconds", "1", "--runs", "1", "--json", str(file)], catch_exceptions=False
        )
    assert done.exit_code == 0, done.output
    rows = json.loads(file.read_text())["rows"]
    assert {row["sync"] for row in rows} == {"everysec", "always"}
    assert {row["what"] for row in rows} >= {
        "script, redis-benchmark",
        "ZADD, redis-benchmark",
        "log",
        "log + archiver",
    }
    assert all(row["comments_per_s"] > 0 for row in rows)


@pytest.mark.parametrize("there", [[], ["redis-server"]])
def test_what_is_missing_is_told_before_anything_is_measured(there, monkeypatch, tmp_path):
    for name in there:
        (tmp_path / name).touch(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    done = CliRunner().invoke(app, ["bench", "hot"])
    missing = " and ".join(name for name in hot_log.PROGRAMS if name not in there)
    expected = f"livecomments: bench hot needs {missing}, which is not installed (apt-get install redis-server)\n"
    assert (done.exit_code, done.output) == (1, expected)
