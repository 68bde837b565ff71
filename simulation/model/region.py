"""A region: clusters of edges behind its broker, which the topology's links join with the log's home.

What the log has goes to the region's broker by the shortest way that is up, and from there to each cluster: delay,
jitter, bandwidth and loss are those of the links on the way, in the order of sending. While there is no way the region
stands still, and its viewers stay; when there is one again the broker reads what it lacks from the history, a slice for
each room, and what is new follows behind.
"""

from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from random import Random

from simulation.model.cluster import CATCH_UP_COMMENTS, Cluster
from simulation.model.connection import TcpConfig
from simulation.model.link import FifoLink
from simulation.model.samples import Batch, merged
from simulation.model.topology import Ends, Topology

HOME = "broker"


class Way:
    """From one node to another: messages arrive in order, and lost ones are sent again."""

    def __init__(self, topology: Topology, ends: Ends, streams: Callable[[str], Random]) -> None:
        self._topology = topology
        self._ends = ends
        self._streams = streams
        self._tcp = TcpConfig()
        self._links: dict[Ends, FifoLink] = {}
        self._last_s = 0.0  # what was sent before has arrived

    @property
    def open(self) -> bool:
        return bool(self._topology.route(*self._ends))

    @property
    def round_trip_s(self) -> float:
        return 2 * self._topology.delay_s(*self._ends)

    def arrives_s(self, sent_s: float, size_bytes: float) -> float | None:
        """When a message is there that is sent now; None when there is no way, or all tries were lost."""
        route, again_s = self._topology.route(*self._ends), sent_s
        for timeouts in range(self._tcp.tries_max if route else 0):
            there_s = self._go(route, again_s, size_bytes)
            if there_s is not None:
                self._last_s = max(self._last_s, there_s)
                return self._last_s
            again_s += self._tcp.timeout_s(self.round_trip_s, timeouts)
        return None

    def _go(self, route: Sequence[str], sent_s: float, size_bytes: float) -> float | None:
        at_s = sent_s
        for hop in pairwise(route):
            if hop not in self._links:
                name = f"{self._ends[1]}: {' > '.join(hop)}"
                self._links[hop] = FifoLink(self._streams(f"jitter {name}"), self._streams(f"loss {name}"))
            crossing_s = self._links[hop].cross_s(at_s, size_bytes, self._topology.link(hop))
            if crossing_s is None:
                return None
            at_s += crossing_s
        return at_s


class Region:
    """``clusters`` by the name of an edge that stands for all of its own."""

    def __init__(
        self, name: str, topology: Topology, clusters: Mapping[str, Cluster], streams: Callable[[str], Random]
    ) -> None:
        self.name = name
        self.clusters = list(clusters.values())
        self._way = Way(topology, (HOME, name), streams)
        self._inner = [(Way(topology, (name, edge), streams), cluster) for edge, cluster in clusters.items()]
        self._lacking: list[Batch] = []

    @property
    def cut_off(self) -> bool:
        return not self._way.open

    def bring(self, batches: Sequence[Batch], size_bytes: float, now_s: float, comment_bytes: float) -> None:
        """Carry what was released since ``now_s``; ``size_bytes`` is all of the log since then, shown or not."""
        there_s = self._way.arrives_s(now_s, size_bytes)
        if there_s is None:
            self._lacking += batches
            return
        if self._lacking:
            missed, self._lacking = slices(self._lacking), []
            self._pass_on(missed, there_s + self._way.round_trip_s - now_s, now_s, comment_bytes)
        self._pass_on(batches, there_s - now_s, None, comment_bytes)

    def _pass_on(
        self, batches: Sequence[Batch], crossing_s: float, released_s: float | None, comment_bytes: float
    ) -> None:
        """To each cluster that is up; what is not as old as it looks was ``released_s`` by the history."""
        if not batches:
            return
        size_bytes = comment_bytes * sum(batch.comments for batch in batches)
        sent_s = (batches[0].released_s if released_s is None else released_s) + crossing_s
        for way, cluster in self._inner:
            if not cluster.up:
                continue
            there_s = way.arrives_s(sent_s, size_bytes)
            if there_s is None:
                raise ValueError(f"no way to {cluster.name}: a region is cut off as a whole, or not at all")
            for batch in batches:
                at_s = batch.released_s if released_s is None else released_s
                cluster.receive(batch, at_s + crossing_s + there_s - sent_s)


def slices(lacking: Sequence[Batch]) -> list[Batch]:
    """The same comments in as few batches as `CATCH_UP_COMMENTS` allows, the rooms by turns."""
    by_room: dict[int, list[list[Batch]]] = {}
    for batch in lacking:
        rows = by_room.setdefault(batch.room, [[]])
        if rows[-1] and sum(each.comments for each in rows[-1]) + batch.comments > CATCH_UP_COMMENTS:
            rows.append([])
        rows[-1].append(batch)
    rounds = max(len(rows) for rows in by_room.values())
    return [merged(rows[at]) for at in range(rounds) for rows in by_room.values() if at < len(rows)]
