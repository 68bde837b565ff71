"""Fan-out trees: who passes a message on to whom, so that it gets from the API to every edge.

A node sends to its children one after another, each at a cost. A flat tree has the fewest steps and the busiest root;
with a relay in each region a message crosses to that region once; a k-ary tree bounds what any one node sends.
"""

import math
import re
from collections.abc import Iterable
from dataclasses import dataclass
from heapq import heappop, heappush
from itertools import count
from statistics import fmean

import networkx as nx
import simpy

from simulation.model.connection import ConnectionLost
from simulation.model.event_loop import Steps
from simulation.model.network import Network
from simulation.model.topology import Ends, Route, Topology

ROOT = "api"


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """What is sent, and what each send costs its sender, who does nothing else meanwhile."""

    size_bytes: float
    send_s: float = 0.0

    def __post_init__(self) -> None:
        if not (self.size_bytes >= 0 and self.send_s >= 0):
            raise ValueError(f"size and cost must not be negative, got {self.size_bytes:g} and {self.send_s:g}")


@dataclass(frozen=True, slots=True)
class TreeRow:
    """What one kind of tree gives; delays are from the root's start, and infinite when an edge is not reached."""

    kind: str
    edges: int
    last_s: float
    mean_s: float
    root_egress_bytes: float
    busiest: str  # the node that sends most
    busiest_sends: int


def compare_trees(topology: Topology, message: Message, kinds: Iterable[str]) -> list[TreeRow]:
    """A row for each kind, by `arrivals_s`, without a simulation."""
    return [_row(topology, message, kind) for kind in kinds]


def _row(topology: Topology, message: Message, kind: str) -> TreeRow:
    tree = build_tree(topology, kind)
    at_s = arrivals_s(topology, tree, message)
    delays_s = [at_s[edge] for edge in topology.edges()]
    sends = dict(tree.out_degree)
    busiest = max(sends, key=lambda node: sends[node])
    egress_bytes = sends[ROOT] * message.size_bytes
    return TreeRow(kind, len(delays_s), max(delays_s), fmean(delays_s), egress_bytes, busiest, sends[busiest])


def build_tree(topology: Topology, kind: str) -> nx.DiGraph:
    """``flat``, ``regional``, or ``k-ary`` with a number for k; children are in the order in which they are served.

    Nearer edges come first, so that those which pass on have it early; of a region the nearest one is the relay.
    """
    edges = sorted(topology.edges(), key=lambda edge: topology.delay_s(ROOT, edge))
    if kind == "flat":
        return _tree((ROOT, edge) for edge in edges)
    if kind == "regional":
        return _tree(_regional(topology, edges))
    if found := re.fullmatch(r"([1-9]\d*)-ary", kind):
        arity, nodes = int(found[1]), [ROOT, *edges]
        return _tree((nodes[(place - 1) // arity], edge) for place, edge in enumerate(edges, 1))
    raise ValueError(f"there is no tree {kind!r}; there are flat, regional and k-ary such as 4-ary")


def _regional(topology: Topology, edges: list[str]) -> Iterable[Ends]:
    """The farthest region's relay is served first: its region is the last to be done."""
    relays: dict[str, str] = {}
    for edge in edges:
        relays.setdefault(topology.region(edge), edge)
    yield from ((ROOT, relay) for relay in reversed(relays.values()))
    yield from ((relays[topology.region(edge)], edge) for edge in edges if edge not in relays.values())


def _tree(pairs: Iterable[Ends]) -> nx.DiGraph:
    tree = nx.DiGraph()
    tree.add_node(ROOT)
    tree.add_edges_from(pairs)
    return tree


def arrivals_s(topology: Topology, tree: nx.DiGraph, message: Message) -> dict[str, float]:
    """When each node of the tree has the message, without jitter and loss; infinite where there is no way.

    Each branch is a sum: turns at the senders, and for each link the waiting, the serialisation and the delay. Only the
    waiting needs an order, Lindley's recursion over all messages on a link, so they are taken in the order of time.
    """
    at_s = dict.fromkeys(tree, math.inf)
    due: list[tuple[float, int, str, Route]] = [(0.0, 0, ROOT, ())]  # the last is what of the route is ahead
    free_at_s: dict[Ends, float] = {}
    numbers = count(1)
    while due:
        now_s, _, node, ahead = heappop(due)
        if len(ahead) > 1:
            hop = ahead[0], ahead[1]
            heappush(due, (_crossed_s(topology, hop, now_s, message, free_at_s), next(numbers), node, ahead[1:]))
            continue
        at_s[node] = now_s
        for turn, child in enumerate(tree.successors(node), 1):
            if route := topology.route(node, child):
                heappush(due, (now_s + turn * message.send_s, next(numbers), child, route))
    return at_s


def _crossed_s(topology: Topology, hop: Ends, now_s: float, message: Message, free_at_s: dict[Ends, float]) -> float:
    link = topology.link(hop)
    if link.bandwidth_bytes_per_s is not None:
        now_s = max(now_s, free_at_s.get(hop, 0.0)) + message.size_bytes / link.bandwidth_bytes_per_s
        free_at_s[hop] = now_s
    return now_s + link.delay_s


class Spreading:
    """One message on its way down a tree in the simulation; ``at_s`` says who has it since when."""

    def __init__(self, env: simpy.Environment, network: Network, tree: nx.DiGraph, message: Message) -> None:
        self._env = env
        self._network = network
        self._tree = tree
        self._message = message
        self.at_s: dict[str, float] = {}

    def run(self, node: str = ROOT) -> Steps:
        """Have the message at a node, and pass it on from there."""
        self.at_s[node] = self._env.now
        for child in self._tree.successors(node):
            yield self._env.timeout(self._message.send_s)
            self._env.process(self._pass_on(node, child))

    def _pass_on(self, node: str, child: str) -> Steps:
        try:
            yield from self._network.send(node, child, self._message.size_bytes)
        except ConnectionLost:
            return  # nobody below has it then
        yield from self.run(child)
