"""Brown-out of a process: samples its load, stands on the ladder's rung and says when that changes.

Who obeys: the hub (hints, windows, budgets) and the write path (new comments). The load is watched apart from all other
work: whoever asked for the log's heads in between, as the hub does once a second, would look least often when the log
is slowest to answer.
"""

import asyncio
import logging
from collections.abc import Callable, Iterable

from reference_impl.policy.degradation import DegradationConfig, Ladder, Relief, Rung, Signal
from reference_impl.policy.lag import LagConfig, LagMeter
from reference_impl.ports import Clock

log = logging.getLogger(__name__)


class Brownout:
    """``rung`` and ``relief`` are read wherever something can be left out; ``refused`` counts comments not taken."""

    def __init__(self, config: DegradationConfig, clock: Clock, signals: Iterable[Callable[[], Signal]] = ()) -> None:
        self.config = config
        self.relief = Relief()
        self.refused = 0
        self._clock = clock
        self._signals = list(signals)
        self._ladder = Ladder(config.ladder)

    @property
    def rung(self) -> Rung:
        return self._ladder.rung

    def refuses(self) -> bool:
        """Whether a comment that is offered now is one too many; if so it is counted."""
        refuses = self.rung >= Rung.READ_ONLY
        self.refused += refuses
        return refuses

    async def watch(self, heed: Callable[[float], None]) -> None:
        """Tell how late the event loop is, in s on average, about once a second, until cancelled."""
        meter = LagMeter(LagConfig(), self._clock())
        while True:
            await asyncio.sleep(meter.due_s - self._clock())
            lag_s = meter.woken(self._clock())
            if lag_s is not None:
                heed(lag_s)

    def sample(self, lag_s: float) -> None:
        """Ask all signals, and go by them."""
        before = self.rung
        signals = [Signal(max(0.0, lag_s) / self.config.lag_max_s), *(signal() for signal in self._signals)]
        rung = self._ladder.sample(signals, self._clock())
        if rung is not before:
            self.relief = self.config.relief(rung)
            load = max(each.load for each in signals)
            say = log.warning if rung > before else log.info
            say("rung", extra={"was": before.name.lower(), "now": rung.name.lower(), "load": f"{load:.2f}"})
