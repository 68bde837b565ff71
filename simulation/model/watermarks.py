"""How far the streams of a split log may be shown, as the server's room of that name keeps it.

The waits are the server's: for a range that this process fills at the moment, until that is done; for one that it has
reserved and not begun, by asking again after a pause that doubles.
"""

from collections.abc import Callable, Generator, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import simpy

ASK_AGAIN_S = 0.002, 0.05


@dataclass(frozen=True, slots=True)
class Range:
    """Places of a stream that have been given to another partition than its home."""

    stream: str
    first: int
    last: int
    partition: int

    @property
    def key(self) -> tuple[str, int]:
        return self.stream, self.first


class Watermarks:
    """``ask`` reads in a partition whether ranges are full; it is full what has been stored there."""

    def __init__(
        self, env: simpy.Environment, ask: Callable[[Sequence[Range]], Generator[simpy.Event, Any, list[Range]]]
    ) -> None:
        self._env = env
        self._ask = ask
        self._known: dict[str, int] = {}
        self._full: dict[str, set[int]] = {}
        self._mine: dict[tuple[str, int], simpy.Event] = {}
        self.asked = 0

    def known(self, stream: str) -> int:
        return self._known.get(stream, 0)

    def begin(self, made: Iterable[Range]) -> None:
        self._mine |= {each.key: self._env.event() for each in made}

    def end(self, made: Iterable[Range]) -> None:
        for each in made:
            self._remember(each)
            self._mine.pop(each.key).succeed()

    def settle(self, wanted: Sequence[Range]) -> Generator[simpy.Event, Any, None]:
        """Wait until all of these are full."""
        pause_s, longest_s = ASK_AGAIN_S
        while wanted := [each for each in wanted if not self._is_full(each)]:
            mine = next((event for each in wanted if (event := self._mine.get(each.key))), None)
            if mine is not None:
                yield mine
                continue
            self.asked += 1
            for each in (yield from self._ask(wanted)):
                self._remember(each)
            if not all(map(self._is_full, wanted)):
                yield self._env.timeout(pause_s)
                pause_s = min(2 * pause_s, longest_s)

    def reached(self, stream: str, seq: int) -> None:
        """Everything up to here is full."""
        self._known[stream] = max(seq, self.known(stream))
        self._full[stream] = {first for first in self._full.get(stream, ()) if first > seq}

    def _is_full(self, wanted: Range) -> bool:
        return wanted.last <= self.known(wanted.stream) or wanted.first in self._full.get(wanted.stream, ())

    def _remember(self, full: Range) -> None:
        if full.first > self.known(full.stream):
            self._full.setdefault(full.stream, set()).add(full.first)
