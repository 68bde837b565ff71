"""The network as a scenario describes it: regions, points of presence, edges, and the links between them.

A node's name says where it is: the region ``eu``, its point of presence ``eu/fra``, the edges there ``eu/fra/1``,
``eu/fra/2`` and so on. The first region is home: ``api``, ``broker`` and ``log`` stand there. Every PoP has an uplink
to its region, every edge a link to its PoP; what else there is are named links, and a named link between two nodes
that are joined anyway replaces that one.
"""

from collections.abc import Iterator
from typing import Self

import networkx as nx
from pydantic import BaseModel, ConfigDict, Field, model_validator

SERVERS = ("api", "broker", "log")
EDGES_MAX = 10_000
NAME = r"^[a-z0-9_-]{1,32}$"


class Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Quality(Part):
    """How a link carries messages, alike in both directions; the defaults are those of loopback."""

    delay_s: float = Field(default=0.0, ge=0, le=60)
    jitter_s: float = Field(default=0.0, ge=0, le=60)  # a message takes up to this much longer, evenly distributed
    bandwidth_bytes_per_s: float | None = Field(default=None, gt=0)  # None: no limit
    loss: float = Field(default=0.0, ge=0, le=1)  # the share of messages that do not come out at the other end


class Link(Quality):
    source: str
    target: str

    @property
    def ends(self) -> tuple[str, str]:
        return self.source, self.target

    def worsened_by(self, other: Quality) -> "Link":
        """Both one after the other: delays and jitters add up, the narrower bandwidth holds, either may lose."""
        limits = [each for each in (self.bandwidth_bytes_per_s, other.bandwidth_bytes_per_s) if each is not None]
        return self.model_copy(
            update={
                "delay_s": self.delay_s + other.delay_s,
                "jitter_s": self.jitter_s + other.jitter_s,
                "bandwidth_bytes_per_s": min(limits, default=None),
                "loss": 1 - (1 - self.loss) * (1 - other.loss),
            }
        )


class Pop(Part):
    """A point of presence: a place with edges, near viewers."""

    name: str = Field(pattern=NAME)
    edges: int = Field(default=1, ge=1, le=EDGES_MAX)
    uplink: Quality = Quality()


class Region(Part):
    name: str = Field(pattern=NAME)
    pops: tuple[Pop, ...] = Field(default=(), max_length=256)


class Network(Part):
    """Where everything stands and what joins it; the default is one machine with one edge."""

    regions: tuple[Region, ...] = Field(
        default=(Region(name="local", pops=(Pop(name="loopback"),)),), min_length=1, max_length=64
    )
    links: tuple[Link, ...] = Field(default=(), max_length=10_000)
    lan: Quality = Quality()  # between a server and its region, and between an edge and its PoP

    @model_validator(mode="after")
    def _can_be_built(self) -> Self:
        self._refuse_ambiguous_names()
        self._refuse_bad_links()
        self._refuse_what_is_apart()
        return self

    def graph(self) -> nx.Graph:
        """Nodes have ``kind`` and ``region``; links have ``link``, a `Link`, and its ``delay_s``."""
        graph = nx.Graph()
        graph.add_nodes_from((name, {"kind": kind, "region": region}) for name, kind, region in self._nodes())
        for link in (*self._implied_links(), *self.links):
            graph.add_edge(*link.ends, link=link, delay_s=link.delay_s)
        return graph

    def _nodes(self) -> Iterator[tuple[str, str, str]]:
        yield from ((server, server, self.regions[0].name) for server in SERVERS)
        for region in self.regions:
            yield region.name, "region", region.name
            for pop in region.pops:
                yield f"{region.name}/{pop.name}", "pop", region.name
                yield from ((edge, "edge", region.name) for edge in _edges(region, pop))

    def _implied_links(self) -> Iterator[Link]:
        lan = self.lan.model_dump()
        yield from (Link(source=self.regions[0].name, target=server, **lan) for server in SERVERS)
        for region in self.regions:
            for pop in region.pops:
                place = f"{region.name}/{pop.name}"
                yield Link(source=region.name, target=place, **pop.uplink.model_dump())
                yield from (Link(source=place, target=edge, **lan) for edge in _edges(region, pop))

    def _refuse_ambiguous_names(self) -> None:
        names = [name for name, _, _ in self._nodes()]
        if len(set(names)) < len(names):
            twice = next(name for name in names if names.count(name) > 1)
            raise ValueError(f"two nodes have the name {twice!r}")
        edges = sum(pop.edges for region in self.regions for pop in region.pops)
        if edges > EDGES_MAX:
            raise ValueError(f"at most {EDGES_MAX:,} edges in all, got {edges:,}")

    def _refuse_bad_links(self) -> None:
        known = {name for name, _, _ in self._nodes()}
        joined = set()
        for link in self.links:
            if unknown := [end for end in link.ends if end not in known]:
                raise ValueError(f"a link names {unknown[0]!r}; {_known(known)}")
            if link.source == link.target:
                raise ValueError(f"a link joins {link.source!r} with itself")
            if frozenset(link.ends) in joined:
                raise ValueError(f"two links join {link.source!r} and {link.target!r}")
            joined.add(frozenset(link.ends))

    def _refuse_what_is_apart(self) -> None:
        graph = self.graph()
        apart = sorted(graph.nodes - nx.node_connected_component(graph, "api"))
        if apart:
            raise ValueError(f"no way from 'api' to {', '.join(map(repr, apart[:5]))} ({len(apart)} nodes)")


def _edges(region: Region, pop: Pop) -> Iterator[str]:
    return (f"{region.name}/{pop.name}/{number}" for number in range(1, pop.edges + 1))


def _known(names: set[str]) -> str:
    places = sorted(name for name in names if name.count("/") < 2)
    return f"there are {', '.join(places)}, and edges such as eu/fra/1"
