"""The network's graph as it is now: what is up, how well each link carries, and the routes over it."""

import math
from itertools import pairwise

import networkx as nx

from simulation.link_faults import Fault
from simulation.topology import Link, Network

Ends = tuple[str, str]
Route = tuple[str, ...]


class Topology:
    """``whole`` is the graph as described, ``graph`` what the faults in force have left of it.

    Routes are the shortest by configured delay over the links that are up, and are found again after a fault begins
    or ends: routing converges at once, and does not notice that a link has become slow.
    """

    def __init__(self, network: Network | None = None) -> None:
        self.whole: nx.Graph = (network or Network()).graph()
        self.graph: nx.Graph
        self._faults: list[Fault] = []
        self._renew()

    def begin(self, fault: Fault) -> None:
        """Put a fault in force; ValueError when it names what is not there."""
        fault.check(self.whole)
        self._faults.append(fault)
        self._renew()

    def end(self, fault: Fault) -> None:
        """Take back one such fault; ValueError when none is in force."""
        if fault not in self._faults:
            raise ValueError(f"this fault is not in force: {fault!r}")
        self._faults.remove(fault)
        self._renew()

    def _renew(self) -> None:
        self.graph = self.whole.copy()
        for fault in self._faults:
            fault.strike(self.graph)
        links = list(self.graph.edges.data("link"))
        self._links: dict[Ends, Link] = {(a, b): link for a, b, link in links} | {(b, a): link for a, b, link in links}
        self._inner = self.graph.subgraph([node for node, links in self.graph.degree if links > 1]).copy()
        self._ways: dict[str, dict[str, list[str]]] = {}
        self._routes: dict[Ends, Route] = {}
        self._delays_s: dict[Ends, float] = {}

    def route(self, source: str, target: str) -> Route:
        """The nodes on the way, both ends with them; empty when there is no way. KeyError for an unknown node."""
        ends = source, target
        if ends not in self._routes:
            self._routes[ends] = self._shortest(source, target)
        return self._routes[ends]

    def _shortest(self, source: str, target: str) -> Route:
        """Nodes with one link lead to nowhere else, so the search is among the others, which are few."""
        first, last = self._way_in(source), self._way_in(target)
        if source == target:
            return (source,)
        if first == target:
            return source, target
        way = self._ways_from(first).get(last, [])
        return tuple(dict.fromkeys((source, *way, target))) if way else ()

    def _ways_from(self, node: str) -> dict[str, list[str]]:
        """All ways from a node at once, so that two of them never part and meet again."""
        if node not in self._ways and node in self._inner:
            self._ways[node] = nx.single_source_dijkstra_path(self._inner, node, weight="delay_s")
        return self._ways.get(node, {})

    def _way_in(self, node: str) -> str:
        """The node itself, or the only neighbour that it has, if it has one."""
        neighbours = self.graph[node]
        return next(iter(neighbours)) if len(neighbours) == 1 else node

    def delay_s(self, source: str, target: str) -> float:
        """How long a message of no size takes without jitter; infinite when there is no way."""
        ends = source, target
        if ends not in self._delays_s:
            route = self.route(source, target)
            self._delays_s[ends] = sum(self.link(hop).delay_s for hop in pairwise(route)) if route else math.inf
        return self._delays_s[ends]

    def link(self, ends: Ends) -> Link:
        """How the link between two neighbours carries now; KeyError when it is cut."""
        return self._links[ends]

    def is_up(self, route: Route) -> bool:
        return all(hop in self._links for hop in pairwise(route))

    def edges(self, region: str | None = None) -> list[str]:
        """All edges, or those of a region, in the order of the description."""
        return [
            name
            for name, node in self.whole.nodes(data=True)
            if node["kind"] == "edge" and region in (None, node["region"])
        ]

    def region(self, node: str) -> str:
        found: str = self.whole.nodes[node]["region"]
        return found
