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


def test_without_redis_it_says_how_to_get_one(monkeypatch):
    monkeypatch.setenv("PATH", "")
    done = CliRunner().invoke(app, ["bench", "hot"])
    assert done.exit_code == 1
    assert "redis-server" in done.output
