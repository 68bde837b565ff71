"""What a scenario may say of a network, the routes over it under faults, and what must not fail."""

import math
from itertools import combinations
from pathlib import Path
from typing import Any

import networkx as nx
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib import image
from pydantic import ValidationError

from simulation.link_faults import Fault, Impairment, LinkCut, RegionCut
from simulation.model.single_points import minimum_cuts, single_points_of_failure
from simulation.model.topology import Topology
from simulation.topology import Link, Network
from simulation.topology_plot import plot_topology
from tests.simulation.networks import networks, two_regions

EU_US = LinkCut(source="eu", target="us")


def described(**fields: Any) -> Network:
    return Network.model_validate({"regions": [{"name": "eu", "pops": [{"name": "fra"}]}, {"name": "us"}], **fields})


OCEAN = {"source": "eu", "target": "us"}


def test_the_default_is_one_machine_that_takes_no_time() -> None:
    topology = Topology()
    assert topology.edges() == ["local/loopback/1"]
    assert topology.delay_s("api", "local/loopback/1") == 0
    assert topology.delay_s("api", "log") == 0


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"links": [{**OCEAN, "delay_s": -1}]}, r"links\.0\.delay_s\s.*greater than or equal to 0"),
        ({"links": [{**OCEAN, "delay_s": math.nan}]}, r"links\.0\.delay_s"),
        ({"links": [{**OCEAN, "loss": 1.1}]}, r"links\.0\.loss\s.*less than or equal to 1"),
        ({"links": [{**OCEAN, "loss": -0.1}]}, r"links\.0\.loss\s.*greater than or equal to 0"),
        ({"links": [{**OCEAN, "bandwidth_bytes_per_s": 0}]}, "greater than 0"),
        (
            {"links": [{"source": "eu", "target": "mars"}]},
            r"a link names 'mars'; there are api, broker, eu, eu/fra, log",
        ),
        ({"links": [OCEAN, {"source": "us", "target": "eu"}]}, "two links join 'us' and 'eu'"),
        ({"links": [OCEAN, {"source": "us", "target": "us"}]}, "a link joins 'us' with itself"),
        ({"links": []}, r"no way from 'api' to 'us' \(1 nodes\)"),
        ({"regions": [{"name": "eu"}, {"name": "eu"}]}, "two nodes have the name 'eu'"),
        ({"regions": [{"name": "log"}]}, "two nodes have the name 'log'"),
        ({"regions": [{"name": "eu/fra"}]}, "should match pattern"),
        ({"regions": []}, "at least 1 item"),
        ({"regions": [{"name": "eu", "pops": [{"name": x, "edges": 6000} for x in "ab"]}]}, "at most 10,000 edges"),
        ({"links": [OCEAN], "speed": 1}, "Extra inputs"),
    ],
)
def test_a_network_that_cannot_be_is_refused_with_the_reason(fields: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        described(**fields)


def test_a_named_link_replaces_the_one_that_is_there_anyway() -> None:
    network = described(links=[OCEAN, {"source": "eu/fra", "target": "eu", "delay_s": 0.5}])
    assert Topology(network).delay_s("api", "eu/fra/1") == 0.5


def test_the_shortest_way_is_taken_and_is_the_sum_of_its_links() -> None:
    topology = Topology(two_regions())
    assert topology.route("api", "us/nyc/1") == ("api", "eu", "us", "us/nyc", "us/nyc/1")
    assert topology.delay_s("api", "us/nyc/1") == pytest.approx(0.001 + 0.040 + 0.010 + 0.001)
    assert topology.route("us", "us") == ("us",)
    with pytest.raises(KeyError, match="mars"):
        topology.route("api", "mars")


def cut_some(topology: Topology, data: st.DataObject) -> None:
    links = data.draw(st.lists(st.sampled_from(sorted(topology.whole.edges)), unique=True, max_size=2))
    for source, target in links:
        topology.begin(LinkCut(source=source, target=target))


@given(networks(), st.data())
def test_delays_are_those_of_the_shortest_paths_and_keep_the_triangle_inequality(
    network: Network, data: st.DataObject
) -> None:
    topology = Topology(network)
    cut_some(topology, data)
    nodes = list(topology.whole)
    expected = dict(nx.all_pairs_dijkstra_path_length(topology.graph, weight="delay_s"))
    delay_s = {(a, b): topology.delay_s(a, b) for a in nodes for b in nodes}
    assert all(delay_s[a, b] == pytest.approx(expected[a].get(b, math.inf)) for a, b in delay_s)
    assert all(delay_s[a, c] <= delay_s[a, b] + delay_s[b, c] + 1e-12 for a in nodes for b in nodes for c in nodes)


def test_two_nodes_that_have_only_each_other_left_still_reach_each_other() -> None:
    topology = Topology(described(links=[OCEAN]))
    topology.begin(LinkCut(source="eu", target="eu/fra"))
    assert topology.route("eu/fra", "eu/fra/1") == ("eu/fra", "eu/fra/1")
    assert topology.route("eu/fra/1", "eu/fra") == ("eu/fra/1", "eu/fra")
    assert topology.route("eu/fra/1", "eu") == topology.route("eu", "eu/fra/1") == ()


def test_a_cut_link_is_gone_around_and_comes_back() -> None:
    topology = Topology(two_regions())
    before_s = topology.delay_s("api", "us")
    topology.begin(EU_US)
    assert topology.route("api", "us") == ("api", "eu", "asia", "us")
    topology.end(EU_US)
    assert topology.delay_s("api", "us") == before_s


def test_a_region_that_is_cut_off_reaches_only_itself() -> None:
    topology = Topology(two_regions())
    topology.begin(RegionCut(region="us"))
    assert topology.route("api", "us/nyc/1") == ()
    assert topology.delay_s("us/nyc/1", "api") == math.inf
    assert topology.route("us/nyc/1", "us/sfo/1") == ("us/nyc/1", "us/nyc", "us", "us/sfo", "us/sfo/1")
    assert topology.delay_s("api", "asia") == pytest.approx(0.091)


def test_faults_overlap_and_each_ends_by_itself() -> None:
    topology = Topology(two_regions())
    for fault in (EU_US, EU_US, RegionCut(region="us")):
        topology.begin(fault)
    topology.end(RegionCut(region="us"))
    topology.end(EU_US)
    assert topology.route("api", "us") == ("api", "eu", "asia", "us")
    topology.end(EU_US)
    assert topology.route("api", "us") == ("api", "eu", "us")
    with pytest.raises(ValueError, match="not in force"):
        topology.end(EU_US)


def test_an_impaired_link_carries_less_well_but_keeps_its_routes() -> None:
    topology = Topology(two_regions(jitter_s=0.002, loss=0.5, bandwidth_bytes_per_s=1e6))
    worse = {"delay_s": 0.2, "jitter_s": 0.001, "loss": 0.5, "bandwidth_bytes_per_s": 1e3}
    topology.begin(Impairment(source="us", target="eu", **worse))
    found = topology.link(("eu", "us"))
    assert found.delay_s == pytest.approx(0.24)
    assert found.jitter_s == pytest.approx(0.003)
    assert found.loss == pytest.approx(0.75)
    assert found.bandwidth_bytes_per_s == 1e3
    assert topology.delay_s("api", "us") == pytest.approx(0.241)
    assert topology.whole.edges["eu", "us"]["link"].loss == 0.5, "what was described stays as it was"


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        (LinkCut(source="eu", target="us/nyc"), "no link between 'eu' and 'us/nyc'"),
        (Impairment(source="eu", target="mars"), "no link between 'eu' and 'mars'"),
        (RegionCut(region="mars"), "no region 'mars'; there are asia, eu, us"),
    ],
)
def test_a_fault_of_what_is_not_there_is_refused(fault: Fault, message: str) -> None:
    topology = Topology(two_regions())
    with pytest.raises(ValueError, match=message):
        topology.begin(fault)
    assert topology.route("api", "us")


def test_either_of_two_limits_holds_and_no_limit_is_none() -> None:
    limited, free = Link(source="a", target="b", bandwidth_bytes_per_s=5), Link(source="a", target="b")
    assert limited.worsened_by(free).bandwidth_bytes_per_s == free.worsened_by(limited).bandwidth_bytes_per_s == 5
    assert free.worsened_by(free).bandwidth_bytes_per_s is None


def serving(graph: nx.Graph) -> set[str]:
    """What is to be reached, and is."""
    reached = nx.node_connected_component(graph, "api")
    return {node for node in reached if graph.nodes[node]["kind"] in ("edge", "broker", "log")}


def without(graph: nx.Graph, failing: Any) -> nx.Graph:
    left = graph.copy()
    left.remove_nodes_from([failing]) if isinstance(failing, str) else left.remove_edge(*failing)
    return left


@given(networks(), st.data())
def test_single_points_of_failure_are_those_whose_removal_cuts_off_what_they_say(
    network: Network, data: st.DataObject
) -> None:
    topology = Topology(network)
    cut_some(topology, data)
    graph = topology.graph
    expected = {}
    for failing in [*(node for node in graph if node != "api"), *graph.edges]:
        if lost := serving(graph) - serving(without(graph, failing)) - {failing}:
            expected[failing] = lost
    found = {point.failing: set(point.cuts_off) for point in single_points_of_failure(graph)}
    assert found == expected


@given(networks())
def test_a_minimum_cut_parts_a_region_from_the_api_and_no_smaller_one_does(network: Network) -> None:
    topology = Topology(network)
    graph = topology.graph
    for cut in minimum_cuts(graph):
        edges = set(topology.edges(cut.region))

        def parted(failing: Any, edges: set[str] = edges) -> bool:
            left = graph.copy()
            left.remove_nodes_from(each for each in failing if isinstance(each, str))
            left.remove_edges_from(each for each in failing if not isinstance(each, str))
            return not edges & nx.node_connected_component(left, "api")

        others = [node for node in graph if node != "api" and node not in edges]
        assert cut.nodes is not None
        assert parted(cut.nodes)
        assert parted(cut.links)
        assert not any(parted(fewer) for fewer in combinations(others, len(cut.nodes) - 1))
        assert not any(parted(fewer) for fewer in combinations(graph.edges, len(cut.links) - 1))


def test_an_edge_beside_the_api_cannot_be_parted_from_it_by_nodes() -> None:
    topology = Topology(described(links=[OCEAN, {"source": "api", "target": "eu/fra/1"}]))
    (cut,) = minimum_cuts(topology.graph)
    assert cut.nodes is None
    assert len(cut.links) == 2


def test_a_region_that_is_cut_off_already_needs_no_more() -> None:
    topology = Topology(two_regions())
    topology.begin(RegionCut(region="us"))
    cuts = {cut.region: cut for cut in minimum_cuts(topology.graph)}
    assert (cuts["us"].nodes, cuts["us"].links) == ((), ())
    assert all("us" not in str(point.failing) for point in single_points_of_failure(topology.graph))


def test_the_picture_has_red_where_a_link_is_cut_and_nowhere_else(tmp_path: Path) -> None:
    topology = Topology(two_regions())
    key_only = red(topology, tmp_path / "up.png")
    topology.begin(EU_US)
    assert red(topology, tmp_path / "cut.png") > 2 * key_only


def red(topology: Topology, path: Path) -> int:
    """Red pixels; the key has some."""
    plot_topology(topology, path)
    pixels = image.imread(path)
    return int(np.sum((pixels[..., 0] > 0.6) & (pixels[..., 1] < 0.4) & (pixels[..., 2] < 0.4)))
