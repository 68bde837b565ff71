"""A picture of a network as it is now: regions on a circle, what hangs on them outwards of it."""

import math
from collections.abc import Sequence
from pathlib import Path

import networkx as nx

from simulation import drawing
from simulation.model.topology import Topology
from simulation.topology import SERVERS, Link

NODES = {  # kind: colour, size, shape
    "region": ("#5aa9c8", 900, "o"),
    "pop": ("#a9d3e2", 400, "o"),
    "edge": ("#9bbf85", 22, "o"),
    "server": ("#e8c07d", 400, "s"),
}
UP, WORSE, CUT = "#7d8890", "#d9822b", "#c0392b"
LABELLED_S = 0.001  # shorter delays are not written down
REGION_AT, POP_AT, EDGE_AT = 1.0, 0.45, 0.28  # distances from the middle, the region, the PoP

Point = tuple[float, float]


def plot_topology(topology: Topology, path: Path) -> None:
    """Write a PNG: nodes by kind, delays of links in ms; cut links are red and dashed, impaired ones orange."""
    figure, axis = drawing.pyplot.subplots(figsize=(9, 9), layout="constrained")
    places = _places(topology.whole)
    for one, other, link in topology.whole.edges.data("link"):
        now = topology.graph.get_edge_data(one, other, {"link": None})["link"]
        _draw_link(axis, (places[one], places[other]), link, now)
    _draw_nodes(axis, topology.whole, places)
    for label, colour, dashes in (("impaired", WORSE, "-"), ("cut", CUT, "--")):
        axis.plot([], [], dashes, color=colour, lw=2.2, label=label)
    axis.set_aspect("equal")
    axis.axis("off")
    axis.margins(0.08)
    figure.legend(loc="outside lower center", ncols=6, frameon=False, fontsize=9, markerscale=0.5)
    figure.savefig(path, dpi=120)
    drawing.pyplot.close(figure)


def _places(graph: nx.Graph) -> dict[str, Point]:
    """Where each node goes, each group as a fan that opens away from the middle."""
    regions = [name for name, kind in graph.nodes(data="kind") if kind == "region"]
    lone = len(regions) == 1
    radius = 0.0 if lone else max(REGION_AT, 0.8 / math.sin(math.pi / len(regions)))
    around = math.tau * (1 - 1 / len(regions))  # the last one must not meet the first
    places = _fan((0.0, 0.0), math.pi / 2, regions, radius, around)
    for region in regions:
        outwards = math.pi / 2 if lone else math.atan2(places[region][1], places[region][0])
        pops = [node for node in graph if node.startswith(f"{region}/") and graph.nodes[node]["kind"] == "pop"]
        home = region == graph.nodes[SERVERS[0]]["region"]
        near = [*SERVERS, *pops] if home else pops
        places |= _fan(places[region], outwards, near, POP_AT, 0.75 * min(math.pi, len(near)))
        for pop in pops:
            aside = math.atan2(places[pop][1] - places[region][1], places[pop][0] - places[region][0])
            edges = [node for node in graph if node.startswith(f"{pop}/")]
            places |= _fan(places[pop], aside, edges, EDGE_AT, min(1.2, 0.3 * len(edges)))
    return places


def _fan(centre: Point, direction: float, nodes: Sequence[str], radius: float, width: float) -> dict[str, Point]:
    """Nodes at equal angles on the part of a circle that is ``width`` wide (radians) around a direction."""
    step = width / max(1, len(nodes) - 1)
    first = direction - step * (len(nodes) - 1) / 2
    return {
        node: (centre[0] + radius * math.cos(first + step * at), centre[1] + radius * math.sin(first + step * at))
        for at, node in enumerate(nodes)
    }


def _draw_link(axis: "drawing.Axes", ends: tuple[Point, Point], link: Link, now: Link | None) -> None:
    colour = CUT if now is None else UP if now == link else WORSE
    dashes = "--" if now is None else "-"
    (x, y), (other_x, other_y) = ends
    axis.plot([x, other_x], [y, other_y], dashes, color=colour, lw=1.0 if colour == UP else 2.2, zorder=1)
    delay_s = (now or link).delay_s
    if delay_s >= LABELLED_S:
        aside = 0.6 * x + 0.4 * other_x, 0.6 * y + 0.4 * other_y  # in the middle links cross
        box = {"facecolor": "white", "edgecolor": "none", "pad": 1}
        text = f"{delay_s * 1000:g} ms"
        axis.text(*aside, text, color=colour, fontsize=8, ha="center", va="center", bbox=box, zorder=2)


def _draw_nodes(axis: "drawing.Axes", graph: nx.Graph, places: dict[str, Point]) -> None:
    for kind, (colour, size, shape) in NODES.items():
        nodes = [name for name, each in graph.nodes(data="kind") if kind == ("server" if each in SERVERS else each)]
        xs, ys = [places[node][0] for node in nodes], [places[node][1] for node in nodes]
        axis.scatter(xs, ys, s=size, c=colour, marker=shape, label=kind, zorder=3)
        if kind != "edge":
            for node, x, y in zip(nodes, xs, ys, strict=True):
                axis.annotate(node.split("/")[-1], (x, y), ha="center", va="center", fontsize=8, zorder=4)
