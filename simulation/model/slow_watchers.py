"""Viewers who stop reading for a while: their kernels' buffers fill, then the server's queue, which has its ending."""

from collections.abc import Iterator, Sequence

import numpy as np
import simpy

from reference_impl.policy.backpressure import BackpressureConfig, EdgeQueues
from simulation.model.socket_viewer import Frame, SocketConfig, SocketViewer
from simulation.model.watchers import Watchers

FRAME_BYTES = 10  # besides its comments


class _Reader(SocketViewer):
    """What it reads is written down where everybody's is."""

    def __init__(
        self, env: simpy.Environment, number: int, watchers: Watchers, pressure: BackpressureConfig,
        queues: EdgeQueues[SocketViewer], socket: SocketConfig,
    ) -> None:  # fmt: skip
        super().__init__(socket, pressure, queues)
        self.number = number
        self.at_once = False
        self._env = env
        self._watchers = watchers

    def take(self, frame: Frame) -> None:
        mine = np.array([self.number])
        if frame.missed:
            self._watchers.skip(mine, frame.last)
        else:
            self._watchers.take(mine, frame.first, frame.last, np.array([self._env.now]))


class SlowWatchers:
    """Those who do not read, from `stop_reading` to `read_again`."""

    def __init__(
        self, env: simpy.Environment, watchers: Watchers, pressure: BackpressureConfig, kernel_bytes: int,
        comment_bytes: int,
    ) -> None:  # fmt: skip
        self._env = env
        self._watchers = watchers
        self._pressure = pressure
        self._socket = SocketConfig(kernel_bytes=kernel_bytes, resume_bytes=1)
        self._queues: EdgeQueues[SocketViewer] = EdgeQueues(64 * 1024 * 1024)
        self._comment_bytes = comment_bytes
        self._readers: list[_Reader] = []

    def stop_reading(self, viewers: Sequence[int]) -> None:
        self._readers = [
            _Reader(self._env, number, self._watchers, self._pressure, self._queues, self._socket) for number in viewers
        ]

    def deliver(self, seqs: Sequence[int]) -> None:
        """Give each of them a batch; who has been let go gets none."""
        frame = Frame(seqs[0], seqs[-1], FRAME_BYTES + self._comment_bytes * len(seqs))
        for reader in self._readers:
            if reader.open:
                reader.deliver(frame)

    def read_again(self) -> Iterator[tuple[int, bool]]:
        """Let them read all that there is for them; answers of each whether it still has its connection."""
        for reader in self._readers:
            while not (reader.read_up or reader.over):
                reader.read(float("inf"))
                reader.resume()
            yield reader.number, reader.open
        self._readers = []
