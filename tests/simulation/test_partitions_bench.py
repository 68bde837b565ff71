"""The partitions benchmark, small: a hot partition is a hot partition, and every comment is answered."""

import json
from dataclasses import replace

import pytest
from typer.testing import CliRunner

from simulation.bench import partitions
from simulation.bench.partitions_log import Measured
from simulation.cli import app


@pytest.mark.slow
def test_a_viral_stream_loads_one_partition_unless_it_is_spread(tmp_path):
    file, picture = tmp_path / "run.json", tmp_path / "run.png"
    options = [
        "--strategies",
        "by_stream,by_comment",
        "--seconds",
        "2",
        "--rate",
        "300",
        "--runs",
        "1",
        "--row-us",
        "0",
    ]
    done = CliRunner().invoke(
        app, ["bench", "partitions", *options, "--json", str(file), "--plot", str(picture)], catch_exceptions=False
    )
    assert done.exit_code == 0, done.output
    assert picture.read_bytes().startswith(b"\x89PNG")
    at_home, spread = json.loads(file.read_text())["rows"]
    assert (at_home["unanswered"], spread["unanswered"]) == (0, 0)
    assert at_home["skew"] > 2 > 1.5 > spread["skew"]
    assert at_home["page_partitions"] == 1 < spread["page_partitions"]


def test_a_strategy_that_is_unknown_is_refused_with_those_that_are_not():
    done = CliRunner().invoke(app, ["bench", "partitions", "--strategies", "by_moon"])
    assert done.exit_code == 1
    assert "--strategies takes by_stream, by_time, by_user, by_comment, hot_split" in done.output
    assert "'by_moon'" in done.output


def measured(**numbers):
    names = dict.fromkeys(Measured.__dataclass_fields__, 1.0)
    return replace(Measured(**names), strategy="by_user", row_us=0.0, **numbers)


def test_a_line_is_the_median_of_its_runs_with_their_range():
    rows = [measured(append_p99_ms=value) for value in (30.0, 10.0, 50.0)]
    (line,) = partitions.lines(rows, 0.0)
    assert line[partitions.HEADINGS.index("append p99 ms")] == "30 (10-50)"
