"""What comes to a station, and what one replication gives: figures, and how far its draws were off their expectations.

The latter are control variates: a run that drew 1% more load than it should has longer queues for that reason, which
regression takes out again (see `simulation.statistics.controlled_interval`).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import simpy

from simulation.model.event_loop import Steps
from simulation.replications import Streams
from simulation.theory import mg1_mean_s

SERVICE_S = 0.001  # the mean cost of everything; rates of arrival decide how busy that makes a station
WARM_UP = 500  # customers: dozens of the relaxation times of a queue that is half busy
CHEAP, DEAR, DEAR_SHARE = 0.5, 5.5, 0.1  # two kinds of callbacks: requests, and a fan-out now and then

SERVICE_VARIANCE_S2 = {
    "exponential": SERVICE_S**2,
    "constant": 0.0,
    "two kinds": SERVICE_S**2 * (DEAR - CHEAP) ** 2 * DEAR_SHARE * (1 - DEAR_SHARE),
}

Seconds = list[float]
Array = np.ndarray[tuple[int], np.dtype[np.float64]]


@dataclass(frozen=True, slots=True)
class Observed:
    figures: dict[str, float]
    controls: tuple[float, ...] = ()  # each has the expectation 0


class Draws(Streams):
    """The random numbers of one replication, whose scenario is the law."""

    def exponential(self, stream: str, mean_s: float, size: int) -> Seconds:
        return [float(each) for each in self.numbers(stream).exponential(mean_s, size)]

    def services(self, kind: str, size: int) -> Seconds:
        if kind == "exponential":
            return self.exponential("services", SERVICE_S, size)
        if kind == "constant":
            return [SERVICE_S] * size
        return [SERVICE_S * (DEAR if dear else CHEAP) for dear in self.numbers("services").random(size) < DEAR_SHARE]


class Load:
    """Poisson arrivals, each with its cost; the first ``warm_up`` are not counted."""

    def __init__(
        self, draws: Draws, customers: int, arrivals_per_s: float, kind: str = "exponential", warm_up: int = WARM_UP
    ) -> None:
        self.size = warm_up + customers
        self.warm_up = warm_up
        self.gap_s = 1 / arrivals_per_s
        self.gaps_s = draws.exponential("gaps", self.gap_s, self.size)
        self.services_s = draws.services(kind, self.size)
        self._random_services = kind != "constant"
        self._service_variance_s2 = SERVICE_VARIANCE_S2[kind]

    def kept(self, values: Sequence[float] | Array) -> Array:
        """The values without those of the warm-up."""
        return np.array(values[self.warm_up :], dtype=np.float64)

    def mean(self, values: Sequence[float] | Array) -> float:
        return float(np.mean(self.kept(values)))

    def controls(self, *more: tuple[Sequence[float], float], beside: int = 0) -> tuple[float, ...]:
        """By which share the means of arrivals, services and other draws (each with its expectation) were off.

        ``beside`` > 0 adds that of the sojourn in another queue with the same draws: M/G/1, so much faster.
        """
        services = [(self.services_s, SERVICE_S)] if self._random_services else []
        means = [self.mean(drawn) / expected - 1 for drawn, expected in ((self.gaps_s, self.gap_s), *services, *more)]
        return (*means, self._beside(beside)) if beside else tuple(means)

    def _beside(self, faster: int) -> float:
        """By Lindley's recursion: a wait is how far the work brought so far is above the least that it ever was."""
        services_s = np.array(self.services_s) / faster
        surplus_s = np.concatenate([[0.0], np.cumsum(services_s[:-1] - self.gaps_s[1:])])
        sojourns_s = surplus_s - np.minimum.accumulate(surplus_s) + services_s
        expected_s = mg1_mean_s(1 / self.gap_s, SERVICE_S / faster, self._service_variance_s2 / faster**2)
        return self.mean(sojourns_s) / expected_s - 1

    def send(self, env: simpy.Environment, customer: Callable[[int], Steps]) -> None:
        """Let customers 0, 1, 2 ... come, each after its gap, and run until all have gone."""

        def source() -> Steps:
            for number, gap_s in enumerate(self.gaps_s):
                yield env.timeout(gap_s)
                env.process(customer(number))

        env.process(source())
        env.run()

    def sojourns_s(self, env: simpy.Environment, visit: Callable[[int], Steps]) -> Seconds:
        """How long each customer is inside, in the order of arrival."""
        sojourns_s = [0.0] * self.size

        def customer(number: int) -> Steps:
            arrived_s = env.now
            yield from visit(number)
            sojourns_s[number] = env.now - arrived_s

        self.send(env, customer)
        return sojourns_s
