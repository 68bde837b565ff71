"""What an edge spends on its event loop, in seconds."""

from dataclasses import dataclass

from simulation.model.edge import FanOutCost


@dataclass(frozen=True, slots=True, kw_only=True)
class EdgeCosts:
    """Means; `explicit_edge` draws each send, the others take a fan-out as the sum of its sends."""

    receive_s: float = 50e-6  # a message from the broker
    send_s: float = 5e-6  # to a viewer that keeps up, a frame of one comment
    comment_s: float = 0.0  # for each further comment in the frame
    queue_s: float = 2e-6  # for a viewer that is behind, and for bytes that a drained socket is given
    connect_s: float = 1e-3  # for a viewer that comes, from its connection to its place in the stream
    lag_s: float = 0.0  # from a send to its receipt

    def send(self, comments: int) -> float:
        return self.send_s + self.comment_s * (comments - 1)

    def fan_out(self, viewers: int, comments: int) -> FanOutCost:
        """A batch to so many viewers, whose receipts are evenly spread over it."""
        duration_s = viewers * self.send(comments)
        return FanOutCost(duration_s, self.lag_s, duration_s)
