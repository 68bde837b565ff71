"""A short run over edges: everybody gets everything once, however many processes there are."""

import asyncio

import pytest

from simulation.bench.edges import bench_edges
from simulation.machine import measured


@pytest.mark.slow
@pytest.mark.parametrize("edges", [0, 2])
def test_a_short_run_delivers_everything_once(edges):
    (row,) = asyncio.run(bench_edges([edges], 10, 10.0, 3.0, lambda _: None))
    assert (row.edges, row.faults) == (edges, 0)
    assert row.deliveries_per_s == pytest.approx(10 * row.comments_per_s, rel=0.01)
    assert measured([row])["rows"][0]["edges"] == edges
