"""What may befall a network: a cut link, a region cut off, a link that carries less well.

A fault is a value that is done to a copy of the graph, so any number may hold at once, and the end of one leaves the
others in force.
"""

import networkx as nx

from simulation.topology import Link, Part


class LinkCut(Part):
    """Routes go around it where they can."""

    source: str
    target: str

    def check(self, graph: nx.Graph) -> None:
        _check_link(graph, self.source, self.target)

    def strike(self, graph: nx.Graph) -> None:
        graph.remove_edges_from([(self.source, self.target)])


class RegionCut(Part):
    """A partition: whatever is inside reaches only what is inside."""

    region: str

    def check(self, graph: nx.Graph) -> None:
        regions = {region for _, region in graph.nodes(data="region")}
        if self.region not in regions:
            raise ValueError(f"there is no region {self.region!r}; there are {', '.join(sorted(regions))}")

    def strike(self, graph: nx.Graph) -> None:
        inside = [node for node, region in graph.nodes(data="region") if region == self.region]
        graph.remove_edges_from(list(nx.edge_boundary(graph, inside)))


class Impairment(Link):
    """A link with this much more delay, jitter and loss, or no more than this bandwidth.

    Routes stay as they are, since routers go by configured costs; a link with loss 1 swallows what it is given.
    """

    def check(self, graph: nx.Graph) -> None:
        _check_link(graph, self.source, self.target)

    def strike(self, graph: nx.Graph) -> None:
        if graph.has_edge(*self.ends):
            fields = graph.edges[self.ends]
            fields["link"] = fields["link"].worsened_by(self)


Fault = LinkCut | RegionCut | Impairment


def _check_link(graph: nx.Graph, source: str, target: str) -> None:
    if not graph.has_edge(source, target):
        raise ValueError(f"there is no link between {source!r} and {target!r}")
