"""One replication of each law that event loops and cores obey, alone or several of them."""

import numpy as np
import simpy

from simulation.laws.observed import Draws, Load, Observed
from simulation.model.core import Core
from simulation.model.event_loop import EventLoop, Steps, Turn


def one_queue(draws: Draws, customers: int, arrivals_per_s: float, kind: str, loops: int = 1) -> Observed:
    """M/G/c: an `EventLoop`, or several behind one queue."""
    env, load = simpy.Environment(), Load(draws, customers, arrivals_per_s, kind)
    loop = EventLoop(env, loops)
    sojourns_s = load.sojourns_s(env, lambda number: loop.run(load.services_s[number]))
    waits_s = load.kept(sojourns_s) - load.kept(load.services_s)
    return Observed(
        {
            "mean sojourn": load.mean(sojourns_s),
            "p99 of the sojourn": float(np.percentile(load.kept(sojourns_s), 99)),
            "share that waits": float(np.mean(waits_s > 1e-9)),  # less is rounding
        },
        load.controls(beside=loops if loops > 1 else 0),  # one loop would be compared with itself
    )


def shared_core(draws: Draws, customers: int, arrivals_per_s: float, kind: str, cores: int = 1) -> Observed:
    """M/G/1-PS, or more cores: a `Core` on which everybody runs at once."""
    env, load = simpy.Environment(), Load(draws, customers, arrivals_per_s, kind)
    core = Core(env, cores)
    sojourns_s = load.sojourns_s(env, lambda number: core.run(load.services_s[number]))
    return Observed({"mean sojourn": load.mean(sojourns_s)}, load.controls(beside=cores))


def tandem(draws: Draws, customers: int, arrivals_per_s: float, edge_s: float) -> Observed:
    """A Jackson network: the API's loop, and then an edge's, whose costs are drawn anew."""
    env, load = simpy.Environment(), Load(draws, customers, arrivals_per_s)
    api, edge = EventLoop(env), EventLoop(env)
    edge_costs_s = draws.exponential("edge", edge_s, load.size)

    def visit(number: int) -> Steps:
        yield from api.run(load.services_s[number])
        yield from edge.run(edge_costs_s[number])

    sojourns_s = load.sojourns_s(env, visit)
    return Observed({"mean sojourn": load.mean(sojourns_s)}, load.controls((edge_costs_s, edge_s), beside=1))


def two_choices(draws: Draws, customers: int, arrivals_per_s: float, loops: int) -> Observed:
    """SQ(2): of two event loops taken at random, the one with fewer inside; ``arrivals_per_s`` for each loop."""
    env = simpy.Environment()
    edges = [EventLoop(env) for _ in range(loops)]
    load = Load(draws, customers, arrivals_per_s * loops, warm_up=10 * loops)  # each loop needs one of its own
    pairs = draws.numbers("pairs").integers(0, loops, (load.size, 2)).tolist()

    def visit(number: int) -> Steps:
        first, second = (edges[each] for each in pairs[number])
        shorter = first if first.inside <= second.inside else second
        yield from shorter.run(load.services_s[number])

    sojourns_s = load.sojourns_s(env, visit)
    return Observed({"mean sojourn": load.mean(sojourns_s)}, load.controls())


def impatient(draws: Draws, customers: int, arrivals_per_s: float, patience_s: float, loops: int) -> Observed:
    """M/M/c+M: whoever has waited for a turn as long as its patience lasts gives up, as a call with a deadline does."""
    env, load = simpy.Environment(), Load(draws, customers, arrivals_per_s)
    loop = EventLoop(env, loops)
    patience = draws.exponential("patience", patience_s, load.size)
    gave_up = [0.0] * load.size

    def customer(number: int) -> Steps:
        with loop.turn() as turn:
            yield turn | env.timeout(patience[number])
            if turn.triggered:
                yield from loop.hold(load.services_s[number])
            else:
                gave_up[number] = 1.0

    load.send(env, customer)
    return Observed(
        {"share that gives up": load.mean(gave_up)}, load.controls((patience, patience_s), beside=2 * loops)
    )


class UrgentFirst(EventLoop):
    """An event loop with two classes. asyncio has none, and so the model has none: this is what one would give."""

    def __init__(self, env: simpy.Environment) -> None:
        super().__init__(env)
        self._urgent_waiting = 0

    def run_urgent(self, cost_s: float) -> Steps:
        """A callback before all that are not urgent; what runs already is not interrupted."""
        with self.turn() as turn:
            if not turn.triggered:
                yield from self._wait_in_front(turn)
            yield from self.hold(cost_s)

    def _wait_in_front(self, turn: Turn) -> Steps:
        self._ready.remove(turn)
        self._ready.insert(self._urgent_waiting, turn)
        self._urgent_waiting += 1
        yield turn
        self._urgent_waiting -= 1


def urgent_first(draws: Draws, customers: int, arrivals_per_s: float, urgent_share: float) -> Observed:
    """M/M/1 with two classes, the urgent one first, without interruption."""
    env, load = simpy.Environment(), Load(draws, customers, arrivals_per_s)
    loop = UrgentFirst(env)
    urgent = draws.numbers("classes").random(load.size) < urgent_share

    def visit(number: int) -> Steps:
        run = loop.run_urgent if urgent[number] else loop.run
        return run(load.services_s[number])

    sojourns, first = load.kept(load.sojourns_s(env, visit)), urgent[load.warm_up :]
    return Observed(
        {"mean of the urgent": float(np.mean(sojourns[first])), "mean of the others": float(np.mean(sojourns[~first]))},
        load.controls((urgent.astype(float).tolist(), urgent_share), beside=1),
    )


def counted(draws: Draws, customers: int, arrivals_per_s: float, look_s: float) -> Observed:
    """Little's law: an observer who knows nothing of sojourns counts every ``look_s`` how many are inside."""
    env, load = simpy.Environment(), Load(draws, customers, arrivals_per_s)
    loop = EventLoop(env)
    seen: list[int] = []
    left_s: list[float] = []

    def visit(number: int) -> Steps:
        yield from loop.run(load.services_s[number])
        left_s.append(env.now)

    def observer() -> Steps:
        yield env.timeout(float(draws.numbers("observer").uniform(0, look_s)))
        while len(left_s) < load.size:
            seen.append(loop.inside)
            yield env.timeout(look_s)

    env.process(observer())
    sojourns_s = load.sojourns_s(env, visit)
    rate = load.size / left_s[-1]
    return Observed({"counted / expected": float(np.mean(seen)) / (rate * float(np.mean(sojourns_s)))})
