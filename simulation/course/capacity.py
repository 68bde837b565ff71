"""How large a crowd's demand is, and how many edges it takes: the arithmetic of lesson 1, pure and for any numbers.

Rates are per second, sizes in bytes, traffic in bits. All of it is means: what a peak needs is asked with the peak's
rate.
"""

import math
from dataclasses import dataclass, fields


@dataclass(frozen=True, slots=True, kw_only=True)
class Demand:
    """A crowd and what it is to be shown.

    ``comment_bytes`` is what one comment takes on the wire to one viewer. ``shown_per_s`` is the display budget of a
    viewer; without one he is shown all that is posted in his room. ``room_viewers`` is how many share a room; without
    rooms all are in one hall. ``window_s`` is how long an edge collects before it writes; with 0 each comment is a
    write of its own.
    """

    viewers: float
    comments_per_s: float  # posted by all together
    comment_bytes: float
    shown_per_s: float = math.inf
    room_viewers: float = math.inf
    window_s: float = 0.0

    def __post_init__(self) -> None:
        _all_positive(self, but=("window_s",))

    @property
    def together(self) -> float:
        """How many viewers share what is posted."""
        return min(self.room_viewers, self.viewers)

    @property
    def rooms(self) -> int:
        return math.ceil(self.viewers / self.together)

    @property
    def posted_in_room_per_s(self) -> float:
        return self.comments_per_s * self.together / self.viewers

    @property
    def received_per_s(self) -> float:
        """Comments that one viewer is shown."""
        return min(self.posted_in_room_per_s, self.shown_per_s)

    @property
    def deliveries_per_s(self) -> float:
        """Comments times the viewers who are shown them."""
        return self.viewers * self.received_per_s

    @property
    def comments_per_write(self) -> float:
        return max(1.0, self.received_per_s * self.window_s)

    @property
    def writes_per_s(self) -> float:
        """Batching makes these fewer, and neither deliveries nor bytes."""
        return self.deliveries_per_s / self.comments_per_write

    @property
    def viewer_bit_per_s(self) -> float:
        return 8 * self.comment_bytes * self.received_per_s

    @property
    def egress_bit_per_s(self) -> float:
        return self.viewers * self.viewer_bit_per_s

    @property
    def chance_shown(self) -> float:
        """Of an ordinary comment, to be shown to those in its writer's room."""
        return self.received_per_s / self.posted_in_room_per_s

    def wait_s(self, every_s: float) -> float:
        """Mean time between two appearances of one who posts every ``every_s`` seconds."""
        return every_s / self.chance_shown

    @property
    def room_viewers_max(self) -> float:
        """The largest room in which nothing is left out."""
        return min(self.viewers, self.shown_per_s * self.viewers / self.comments_per_s)


@dataclass(frozen=True, slots=True, kw_only=True)
class Edges:
    """How many edges each bound asks for."""

    by_cpu: int
    by_connections: int
    by_network: int

    @property
    def needed(self) -> int:
        return max(self.by_cpu, self.by_connections, self.by_network)


@dataclass(frozen=True, slots=True, kw_only=True)
class Edge:
    """One process on one core: what it costs to write, and what it may hold.

    A write costs ``write_s`` and ``comment_s`` for each comment in it, so that deliveries/s of a core depend on how
    many share a write. ``busy_max`` is the share of the core that is planned for.
    """

    write_s: float
    comment_s: float
    connections: int
    viewer_bytes: float  # of the process's memory, of an idle viewer; the kernel's buffers come on top
    network_bit_per_s: float
    busy_max: float = 0.8

    def __post_init__(self) -> None:
        _all_positive(self)
        if self.busy_max > 1:
            raise ValueError(f"busy_max must be at most 1, got {self.busy_max:g}")

    def deliveries_per_s(self, comments_per_write: float = 1.0) -> float:
        """What one core makes."""
        return self.busy_max * comments_per_write / (self.write_s + self.comment_s * comments_per_write)

    def edges(self, demand: Demand) -> Edges:
        return Edges(
            by_cpu=math.ceil(demand.deliveries_per_s / self.deliveries_per_s(demand.comments_per_write)),
            by_connections=math.ceil(demand.viewers / self.connections),
            by_network=math.ceil(demand.egress_bit_per_s / self.network_bit_per_s),
        )

    def memory_bytes(self, viewers: float) -> float:
        return viewers * self.viewer_bytes


def joins_per_s(viewers: float, spread_s: float) -> float:
    """What the other edges meet together when an edge dies and its viewers come back evenly over ``spread_s``."""
    if viewers < 0 or spread_s <= 0:
        raise ValueError(f"viewers must be >= 0 and spread_s > 0, got {viewers:g} and {spread_s:g}")
    return viewers / spread_s


def _all_positive(of: "Demand | Edge", but: tuple[str, ...] = ()) -> None:
    for each in fields(of):
        value = getattr(of, each.name)
        if not (value > 0 or (each.name in but and value == 0)):
            raise ValueError(f"{each.name} must be above 0, got {value:g}")
