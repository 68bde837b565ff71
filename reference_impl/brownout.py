"""Brown-out of a process: samples its load, stands on the ladder's rung and says when that changes.

Who obeys: the hub (hints, windows, budgets) and the write path (new comments). The hub samples, once a second, because
what it finds late about its own timer is the event loop's lag.
"""

import logging
from collections.abc import Callable, Iterable

from reference_impl.policy.degradation import DegradationConfig, Ladder, Relief, Rung, Signal
from reference_impl.ports import Clock

log = logging.getLogger(__name__)


class Brownout:
    """``rung`` and ``relief`` are read wherever something can be left out."""

    def __init__(self, config: DegradationConfig, clock: Clock, signals: Iterable[Callable[[], Signal]] = ()) -> None:
        self.config = config
        self.relief = Relief()
        self._clock = clock
        self._signals = list(signals)
        self._ladder = Ladder(config.ladder)

    @property
    def rung(self) -> Rung:
        return self._ladder.rung

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
