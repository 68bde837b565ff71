"""The cores of a machine, which the event loops and threads of all its processes share.

Processor sharing: ``n`` pieces of work on ``c`` cores all progress at the rate ``min(1, c / n)``, which is what a fair
scheduler gives to equals, without its slices and switches. Since the rate is the same for all, the core keeps a clock
that runs at it; a piece is over when that clock has gone on by its cost. So an arrival, an end and a stall are exact
and cost O(log n), however many others run. Source: Kleinrock, "Queueing Systems", volume 2 (1976), section 4.4.
"""

from heapq import heapify, heappop, heappush
from itertools import count

import simpy

from simulation.model.event_loop import Steps


class Work(simpy.Event):
    """A piece of work, and the event of its end. ``left_s`` is what is left of it while it does not run."""

    def __init__(self, env: simpy.Environment, cost_s: float) -> None:
        if cost_s < 0:
            raise ValueError(f"cost_s must be >= 0, got {cost_s}")
        super().__init__(env)
        self.left_s = cost_s


class Core:
    """``cores`` of equal speed; no piece of work runs on two at once."""

    def __init__(self, env: simpy.Environment, cores: int = 1) -> None:
        if cores < 1:
            raise ValueError(f"cores must be >= 1, got {cores}")
        self._env = env
        self._cores = cores
        self._running: list[tuple[float, int, Work]] = []  # a heap: when on the clock each ends, the order of arrival
        self._arrivals = count()
        self._clock_s = 0.0
        self._read_at = env.now
        self._stalled_until = float("-inf")
        self._alarm: simpy.Event | None = None  # for the next end; earlier alarms are void
        self._busy_s = 0.0

    @property
    def busy_s(self) -> float:
        """The work done until now, in seconds of one core."""
        self._advance()
        return self._busy_s

    def run(self, cost_s: float) -> Steps:
        """Do a piece of work that takes ``cost_s`` where nothing else runs."""
        yield self.start(cost_s)

    def start(self, cost_s: float) -> Work:
        """Begin a piece of work without waiting for its end."""
        work = Work(self._env, cost_s)
        self.resume(work)
        return work

    def resume(self, work: Work) -> None:
        """Let a piece of work run that does not."""
        self._advance()
        heappush(self._running, (self._clock_s + work.left_s, next(self._arrivals), work))
        self._set_alarm()

    def suspend(self, work: Work) -> None:
        """Take a piece of work off the cores, to be resumed or not; nothing happens to one that has ended."""
        if work.triggered:
            return
        self._advance()
        entry = next(entry for entry in self._running if entry[2] is work)
        self._running.remove(entry)
        heapify(self._running)
        work.left_s = max(0.0, entry[0] - self._clock_s)
        self._set_alarm()

    def stall(self, duration_s: float) -> None:
        """Stop all progress for so long from now, as a scheduler or the machine below a virtual one does."""
        self._advance()
        self._stalled_until = max(self._stalled_until, self._env.now + duration_s)
        self._set_alarm()

    def _advance(self) -> None:
        """Bring the clock to the present; the number of those who run has not changed since it was read."""
        now = self._env.now
        passed_s = max(0.0, now - max(self._read_at, self._stalled_until))
        self._read_at = now
        if self._running:
            used = min(len(self._running), self._cores)
            self._busy_s += passed_s * used
            self._clock_s += passed_s * used / len(self._running)
        else:
            self._clock_s = 0.0  # small numbers lose the least to rounding

    def _set_alarm(self) -> None:
        if not self._running:
            self._alarm = None
            return
        each = min(1.0, self._cores / len(self._running))
        stalled_s = max(0.0, self._stalled_until - self._env.now)
        self._alarm = self._env.timeout(stalled_s + max(0.0, self._running[0][0] - self._clock_s) / each)
        self._alarm.callbacks.append(self._end)

    def _end(self, alarm: simpy.Event) -> None:
        if alarm is not self._alarm:
            return
        self._advance()
        self._clock_s = max(self._clock_s, self._running[0][0])  # rounding must not leave a rest that never ends
        while self._running and self._running[0][0] <= self._clock_s:
            heappop(self._running)[2].succeed()
        self._set_alarm()
