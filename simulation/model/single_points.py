"""What must not fail: nodes and links whose loss alone cuts others off from the API, and the smallest cuts of regions.

The API itself is left out: that everything ends with it needs no search.
"""

from dataclasses import dataclass

import networkx as nx

ORIGIN = "api"
END = object()  # no node of the network
SERVING = ("edge", "broker", "log")  # what it matters to reach; routers only lead there

Link = tuple[str, str]


@dataclass(frozen=True, slots=True)
class SinglePoint:
    """A node's name or a link's two ends, and the edges and servers that lose the API with it."""

    failing: str | Link
    cuts_off: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Cut:
    """The fewest nodes, and the fewest links, that must fail before a region's edges have all lost the API.

    ``nodes`` is None when an edge is joined to the API directly, so that no node in between can part them.
    """

    region: str
    nodes: tuple[str, ...] | None
    links: tuple[Link, ...]


def single_points_of_failure(graph: nx.Graph) -> list[SinglePoint]:
    """The articulation points and bridges between the API and others, the ones that cut off most first.

    They are the dominators in the graph with a node in the middle of each link: whatever all ways from the API to a
    node go through. What the API does not reach in ``graph`` as it is counts for none of them.
    Source: Cooper, Harvey and Kennedy, "A Simple, Fast Dominance Algorithm", Rice University 2001.
    """
    nearest = nx.immediate_dominators(_with_links_as_nodes(graph), ORIGIN)
    cuts_off: dict[str | Link, list[str]] = {}
    for node in sorted(_serving(graph) & nearest.keys()):
        failing = nearest[node]
        while failing != ORIGIN:
            cuts_off.setdefault(failing, []).append(node)
            failing = nearest[failing]
    points = [SinglePoint(failing, tuple(nodes)) for failing, nodes in cuts_off.items()]
    return sorted(points, key=lambda point: (-len(point.cuts_off), str(point.failing)))


def _with_links_as_nodes(graph: nx.Graph) -> nx.DiGraph:
    ways = nx.DiGraph()
    ways.add_node(ORIGIN)
    for one, other in graph.edges:
        link = one, other
        ways.add_edges_from([(one, link), (link, other), (other, link), (link, one)])
    return ways


def _serving(graph: nx.Graph) -> set[str]:
    return {name for name, kind in graph.nodes(data="kind") if kind in SERVING}


def minimum_cuts(graph: nx.Graph) -> list[Cut]:
    """One for each region that has edges.

    By Menger's theorem as many ways from the API to the region have no node (or no link) in common.
    """
    edges: dict[str, list[str]] = {}
    for name, node in graph.nodes(data=True):
        if node["kind"] == "edge":
            edges.setdefault(node["region"], []).append(name)
    return [Cut(region, _cut_nodes(graph, names), _cut_links(graph, names)) for region, names in edges.items()]


def _cut_nodes(graph: nx.Graph, edges: list[str]) -> tuple[str, ...] | None:
    """The edges are made one node, since it is for what leads to them to fail, not for them."""
    crowd = edges[0]
    merged = nx.relabel_nodes(graph, dict.fromkeys(edges, crowd))
    if merged.has_edge(ORIGIN, crowd):
        return None
    return tuple(sorted(nx.minimum_node_cut(merged, ORIGIN, crowd)))


def _cut_links(graph: nx.Graph, edges: list[str]) -> tuple[Link, ...]:
    """A flow of one on every link of the network, and without limit from the edges to a common end."""
    flow = nx.DiGraph()
    flow.add_edges_from(nx.DiGraph(graph).edges, capacity=1)
    flow.add_nodes_from(graph)
    flow.add_edges_from((edge, END) for edge in edges)
    _, (near, _) = nx.minimum_cut(flow, ORIGIN, END)
    return tuple(sorted(link for link in graph.edges if (link[0] in near) != (link[1] in near)))
