"""The viewers of one stream on this edge, and the loop that writes a batch to all of them."""

from reference_impl.ports import Batch, Viewer
from reference_impl.protocol.events import Event
from reference_impl.protocol.sse import log_text


class Edge:
    """A viewer joins at a position; it gets every event after it, once."""

    def __init__(self) -> None:
        self._viewers: dict[Viewer, None] = {}
        self._ahead: dict[Viewer, int] = {}  # joined past the next batch's first event: position of each

    def __len__(self) -> int:
        return len(self._viewers) + len(self._ahead)

    def attach(self, viewer: Viewer, position: int, next_seq: int) -> None:
        """Let a viewer that has everything up to ``position`` follow batches that go on at ``next_seq``."""
        if position >= next_seq:
            self._ahead[viewer] = position
        else:
            self._viewers[viewer] = None

    def detach(self, viewer: Viewer) -> None:
        self._viewers.pop(viewer, None)
        self._ahead.pop(viewer, None)

    def broadcast(self, batch: Batch) -> None:
        for viewer in tuple(self._viewers):
            viewer.deliver(batch)
        for viewer, position in tuple(self._ahead.items()):
            self._deliver_after(viewer, position, batch)

    def announce(self, text: str) -> None:
        for viewer in (*self._viewers, *self._ahead):
            viewer.announce(text)

    def close(self) -> None:
        for viewer in (*self._viewers, *self._ahead):
            viewer.close()
        self._viewers.clear()
        self._ahead.clear()

    def _deliver_after(self, viewer: Viewer, position: int, batch: Batch) -> None:
        if position < batch.last:
            viewer.deliver(encode([event for event in batch.events if event.seq > position]))
        if position <= batch.last:
            del self._ahead[viewer]
            self._viewers[viewer] = None


def encode(events: list[Event]) -> Batch:
    return Batch.of(events, [log_text(event) for event in events])
