"""Fan-out trees: sums by hand, and the simulation against the sums."""

import math

import networkx as nx
import pytest
import simpy
from hypothesis import given
from hypothesis import strategies as st

from simulation.link_faults import RegionCut
from simulation.model.network import Network
from simulation.model.topology import Topology
from simulation.model.trees import Message, Spreading, arrivals_s, build_tree, compare_trees
from simulation.topology import Network as Description
from tests.simulation.networks import line, networks, two_regions

KINDS = ("flat", "regional", "1-ary", "2-ary", "3-ary")
MESSAGE = Message(size_bytes=300, send_s=0.0001)


def simulated(topology: Topology, tree: nx.DiGraph, message: Message) -> dict[str, float]:
    env = simpy.Environment()
    spreading = Spreading(env, Network(env, topology), tree, message)
    env.process(spreading.run())
    env.run()
    return spreading.at_s


@given(networks(bandwidth=True), st.sampled_from(KINDS), st.floats(1, 1e5), st.sampled_from([0.0, 0.000_37, 0.01]))
def test_the_simulation_has_the_delays_of_the_sums_when_nothing_is_random(
    description: Description, kind: str, size_bytes: float, send_s: float
) -> None:
    topology, message = Topology(description), Message(size_bytes=size_bytes, send_s=send_s)
    tree = build_tree(topology, kind)
    assert simulated(topology, tree, message) == pytest.approx(arrivals_s(topology, tree, message))


@given(networks(), st.sampled_from(KINDS))
def test_without_limits_an_edge_waits_for_the_turns_and_delays_above_it(description: Description, kind: str) -> None:
    topology = Topology(description)
    tree = build_tree(topology, kind)
    at_s = arrivals_s(topology, tree, MESSAGE)
    for parent, child in tree.edges:
        turn = list(tree.successors(parent)).index(child) + 1
        assert at_s[child] == pytest.approx(at_s[parent] + turn * MESSAGE.send_s + topology.delay_s(parent, child))


@given(networks(), st.sampled_from(KINDS))
def test_a_tree_reaches_every_edge_once_and_a_k_ary_one_has_k_children(description: Description, kind: str) -> None:
    topology = Topology(description)
    tree = build_tree(topology, kind)
    assert nx.is_arborescence(tree)
    assert set(tree) == {"api", *topology.edges()}
    if kind.endswith("-ary"):
        assert max(children for _, children in tree.out_degree) <= int(kind[0])


def test_a_regional_tree_sends_once_to_each_region() -> None:
    topology = Topology(two_regions())
    tree = build_tree(topology, "regional")
    assert list(tree.successors("api")) == ["us/sfo/1", "eu/fra/1"], "the farther one first"
    assert set(tree.successors("us/sfo/1")) == {"us/nyc/1", "us/nyc/2"}
    assert set(tree.successors("eu/fra/1")) == {"eu/fra/2"}


def test_a_comparison_has_the_figures_of_a_calculation_by_hand() -> None:
    """Five edges: eu/fra at 6 ms (twice), us/sfo at 42, us/nyc at 52 (twice); within us 12 ms from sfo to nyc."""
    flat, regional, chain = compare_trees(Topology(two_regions()), MESSAGE, ["flat", "regional", "1-ary"])
    assert flat.last_s == pytest.approx(0.052 + 5 * 0.0001)
    assert flat.mean_s == pytest.approx((2 * 0.006 + 0.042 + 2 * 0.052 + (1 + 2 + 3 + 4 + 5) * 0.0001) / 5)
    assert (flat.edges, flat.root_egress_bytes, flat.busiest, flat.busiest_sends) == (5, 1500, "api", 5)
    assert regional.last_s == pytest.approx((0.0001 + 0.042) + (2 * 0.0001 + 0.012))
    assert (regional.root_egress_bytes, regional.busiest_sends) == (600, 2)
    assert chain.last_s == pytest.approx(0.006 + 0.002 + 0.046 + 0.012 + 0.002 + 5 * 0.0001)
    assert (chain.root_egress_bytes, chain.busiest_sends) == (300, 1)


def test_a_narrow_way_out_of_the_api_makes_a_flat_tree_wait_for_every_copy() -> None:
    description = two_regions().model_dump()
    nic = {"source": "api", "target": "eu", "delay_s": 0.001, "bandwidth_bytes_per_s": 3000}
    topology = Topology(Description.model_validate(description | {"links": [*description["links"], nic]}))
    flat, regional = compare_trees(topology, MESSAGE, ["flat", "regional"])
    assert flat.last_s == pytest.approx(0.0001 + 5 * 0.1 + 0.052)
    assert regional.last_s < flat.last_s / 1.9


def test_edges_of_a_region_that_is_cut_off_are_never_reached() -> None:
    topology = Topology(two_regions())
    topology.begin(RegionCut(region="us"))
    (row,) = compare_trees(topology, MESSAGE, ["flat"])
    assert row.last_s == row.mean_s == math.inf
    tree = build_tree(topology, "2-ary")
    at_s = arrivals_s(topology, tree, MESSAGE)
    reached = simulated(topology, tree, MESSAGE)
    assert reached == pytest.approx({node: each for node, each in at_s.items() if each < math.inf})
    assert set(reached) == {"api", "eu/fra/1", "eu/fra/2"}


@pytest.mark.parametrize("kind", ["star", "0-ary", "-ary", "2-ary tree"])
def test_an_unknown_tree_is_refused(kind: str) -> None:
    with pytest.raises(ValueError, match="there is no tree"):
        build_tree(Topology(line()), kind)


def test_a_message_of_negative_size_is_refused() -> None:
    with pytest.raises(ValueError, match="must not be negative, got -1 and 0"):
        Message(size_bytes=-1)
