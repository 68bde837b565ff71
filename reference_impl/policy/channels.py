"""Hot channels: a stream with more messages than one channel of the broker carries is spread over several.

Channel 0 is the stream's own, always in use, and every batch on it says how many there are: whoever follows the stream
learns it from there and follows the others too. More channels are announced for ``announce_s`` before they are written
to; fewer are written to at once, since followers keep those they have. So nobody need agree with anybody: what is
missed in a change is a gap in `seq` like any other. Rates are a process's own; order is restored by `seq`.
"""

import math
from dataclasses import dataclass
from typing import NamedTuple


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelsConfig:
    channel_per_s: float = 1_000.0  # messages of one process that one channel carries
    channels_max: int = 8
    window_s: float = 1.0  # over which a rate is measured
    announce_s: float = 1.0
    calm_s: float = 10.0  # of a lower rate, before there are fewer
    streams_max: int = 1_000  # measured at a time; past it the longest known is measured anew

    def __post_init__(self) -> None:
        if not (self.channel_per_s > 0 and self.window_s > 0):
            raise ValueError(f"need channel_per_s > 0 and window_s > 0, got {self}")
        if self.channels_max < 1 or self.streams_max < 1:
            raise ValueError(f"need channels_max >= 1 and streams_max >= 1, got {self}")
        if self.announce_s < 0 or self.calm_s < 0:
            raise ValueError(f"need announce_s >= 0 and calm_s >= 0, got {self}")


class Place(NamedTuple):
    """The channel of a message, and how many the stream's followers are to follow."""

    channel: int
    channels: int


@dataclass(slots=True)
class _Stream:
    window_at: float
    busy_at: float  # when so many channels were last needed
    count: int = 0
    used: int = 1
    announced: int = 1
    use_at: float = math.inf  # when what has been announced is used
    turn: int = 0


class Channels:
    """Places each message of each stream."""

    __slots__ = ("_config", "_streams")

    def __init__(self, config: ChannelsConfig) -> None:
        self._config = config
        self._streams: dict[str, _Stream] = {}

    def place(self, name: str, now: float) -> Place:
        stream = self._streams.get(name) or self._meet(name, now)
        self._measure(stream, now)
        stream.count += 1
        stream.turn += 1
        return Place(stream.turn % stream.used, stream.announced)

    def _meet(self, name: str, now: float) -> _Stream:
        if len(self._streams) >= self._config.streams_max:
            del self._streams[next(iter(self._streams))]
        return self._streams.setdefault(name, _Stream(now, now))

    def _measure(self, stream: _Stream, now: float) -> None:
        if now >= stream.window_at + self._config.window_s:
            rate = stream.count / (now - stream.window_at)
            stream.window_at, stream.count = now, 0
            self._judge(stream, rate, now)
        if now >= stream.use_at:
            stream.used, stream.use_at = stream.announced, math.inf

    def _judge(self, stream: _Stream, rate_per_s: float, now: float) -> None:
        needed = min(self._config.channels_max, max(1, math.ceil(rate_per_s / self._config.channel_per_s)))
        if needed >= stream.announced:
            stream.busy_at = now
        if needed > stream.announced:
            stream.announced, stream.use_at = needed, now + self._config.announce_s
        elif now >= stream.busy_at + self._config.calm_s:
            stream.used = stream.announced = needed
            stream.use_at = math.inf
            stream.busy_at = now
