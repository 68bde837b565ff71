"""What all audiences of a simulated run share: comments on their way through a server, costs, and what is measured."""

from bisect import bisect_right
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from math import log
from random import Random
from typing import Any

import numpy as np
import simpy
from numpy.typing import NDArray

from simulation.calibration import Calibration, Samples
from simulation.engines.simulated import policies
from simulation.experiments.push_vs_pull.plan import Case, Transport
from simulation.experiments.push_vs_pull.sizes import Sizes
from simulation.model.costs import EdgeCosts, FanOutCost
from simulation.model.edge import Edge
from simulation.model.event_loop import EventLoop, Steps
from simulation.model.log import Stamps
from simulation.model.server import Crowd, Server
from simulation.result import Seconds

Draw = Callable[[float], float]
Numbers = NDArray[np.int64]

DURATION = 3  # column of fan-outs


@dataclass(frozen=True)
class Costs:
    """What the probes found."""

    found: Mapping[str, Any]

    def __getitem__(self, name: str) -> float:
        return float(self.found[name])

    def bytes_of(self, name: str) -> float:
        return float(self.found["bytes"][name])

    def curve(self, name: str) -> Draw:
        """What a request takes by the idle gap before it: on lines between the gaps that were probed, in logarithm."""
        rows: list[tuple[float, float]] = [(log(gap_s), cost_s) for gap_s, cost_s in self.found[name]]
        lines = [((y1 - y0) / (x1 - x0), x0, y0) for (x0, y0), (x1, y1) in pairwise(rows)]
        starts = [x0 for _, x0, _ in lines]
        (least, _), (most, _) = rows[0], rows[-1]

        def cost_s(gap_s: float) -> float:
            at = min(max(log(gap_s), least), most) if gap_s > 0 else least
            slope, x0, y0 = lines[max(0, bisect_right(starts, at) - 1)]
            return y0 + slope * (at - x0)

        return cost_s

    def hot_s(self, name: str) -> float:
        """What a request takes when there is always one that waits."""
        return float(self.found[name][0][1])

    def calibration(self, transport: Transport) -> Calibration:
        """With fan-outs of that transport to few and to many; to nobody they cost nothing.

        Other audiences lie on the lines between. What a fan-out takes whatever its audience, which is much after an
        idle gap, is so no part of what it takes for each of many viewers.
        """
        made, many, of_sse = Calibration.of(self.found["calibration"]), self._to_many(transport), self._to_many()
        ratio = float(np.median(many[:, DURATION]) / np.median(of_sse[:, DURATION]))
        few = made.fan_outs * [1, 1, 1, ratio, 1, ratio]
        return replace(made, fan_outs=np.concatenate([few * [0, 1, 1, 0, 0, 0], few, many]))

    def edge(self, transport: Transport) -> EdgeCosts:
        """Means, for an edge of many viewers: a frame's further comments are of the probes that have frames of many."""
        made, many = Calibration.of(self.found["calibration"]), self._to_many(transport)
        viewers, _, events, durations_s, _, _ = made.fan_outs.T
        more_s = max(0.0, float(np.polyfit(events - 1, durations_s / viewers, 1)[0]))
        viewers, _, events, durations_s, lags_s, _ = many.T
        return EdgeCosts(
            receive_s=made.receive_s, send_s=float(np.mean(durations_s / viewers - more_s * (events - 1))),
            comment_s=more_s, lag_s=float(np.median(lags_s)),
        )  # fmt: skip

    def _to_many(self, transport: Transport = Transport.SSE) -> Samples:
        """Fan-outs to many viewers, those of SSE where nobody is pushed to."""
        return np.array(self.found["fan_outs"][(transport if transport.pushed else Transport.SSE).value])


class ToldEdge(Edge):
    """Has nobody to write to, and calls whoever waits for it to say what is new."""

    def __init__(self, env: simpy.Environment, loop: EventLoop) -> None:
        super().__init__(env, loop, lambda gap_s, events: FanOutCost(0.0, 0.0, 0.0))
        self.told: Callable[[], object] = lambda: None

    def broadcast(self, seqs: list[int]) -> Steps:
        yield from super().broadcast(seqs)
        self.told()


class Stage:
    """``pushed`` viewers are at the server itself; without any, whoever waits there is `told`."""

    def __init__(self, case: Case, costs: Mapping[str, Any], pushed: int) -> None:
        self.case, self.costs = case, Costs(costs)
        self.env = simpy.Environment()
        self.posts = case.posts()
        self.sizes = Sizes(self.posts)
        self.waited_for: ToldEdge | None = None
        self.server = Server(
            self.env, policies(case.scenario), self.costs.calibration(case.variant.transport), Crowd(pushed),
            self.rng("server"), edge=None if pushed else self._edge,
        )  # fmt: skip
        self.env.process(self.server.authors.run(self.posts))
        self.env.process(self.server.stalls(case.size.seconds))

    @property
    def published(self) -> list[Stamps]:
        return self.server.broker.published

    @property
    def server_s(self) -> float:
        """What the server has used of its core so far, with what it does while nobody asks."""
        return self.server.loop.busy_s + self.server.log.busy_s + self.costs["idle_share"] * self.env.now

    def rng(self, what: str) -> Random:
        return Random(f"push_vs_pull {self.case.repeat} {what}")

    def play(self, used_s: Callable[[], Sequence[float]]) -> list[float]:
        """Let everything happen; the answer is how much more was used at the end of what is measured than before."""
        seen = []
        for at_s in (self.case.size.warm_s, self.case.size.seconds):
            self.env.run(until=at_s)
            seen.append(np.array(used_s()))
        self.env.run()
        more: list[float] = (seen[1] - seen[0]).tolist()
        return more

    def is_measured(self, at_s: float) -> bool:
        return self.case.size.warm_s <= at_s < self.case.size.seconds

    def latencies_s(self, seqs: Numbers, received_s: Seconds) -> Seconds:
        """Of receipts of comments, those that are measured."""
        intended_s = np.array([each.intended_s for each in self.published])[seqs - 1]
        return np.asarray((received_s - intended_s)[intended_s >= self.case.size.warm_s])

    def _edge(self, loop: EventLoop) -> Edge:
        self.waited_for = ToldEdge(self.env, loop)
        return self.waited_for
