"""One replication of each law that the model's log and edge obey, and the server's bulkhead."""

from itertools import count

import numpy as np
import simpy

from reference_impl.policy.batching import GroupCommitConfig
from reference_impl.policy.bulkhead import Bulkhead, BulkheadConfig, Entry
from simulation.laws.observed import SERVICE_S, Draws, Load, Observed, Seconds
from simulation.model.costs import CommitCost, FanOutCost
from simulation.model.edge import Edge
from simulation.model.event_loop import EventLoop, Steps
from simulation.model.log import Log, Stamps


def refused_calls(draws: Draws, calls: int, calls_per_s: float, places: int) -> Observed:
    """M/M/c/c: the server's `Bulkhead` where nobody may wait."""
    env, load = simpy.Environment(), Load(draws, calls, calls_per_s)
    bulkhead: Bulkhead[int] = Bulkhead(BulkheadConfig(in_flight_max=places, waiting_max=0))
    refused = [0.0] * load.size

    def call(number: int) -> Steps:
        if bulkhead.enter(number) is Entry.STARTS:
            yield env.timeout(load.services_s[number])
            bulkhead.leave()
        else:
            refused[number] = 1.0

    load.send(env, call)
    return Observed({"share refused": load.mean(refused)}, load.controls(beside=places))


def commits(draws: Draws, comments: int, comments_per_s: float, config: GroupCommitConfig) -> Observed:
    """The model's `Log` with the server's `CommitQueue`; a commit takes as long however many comments are in it."""
    env, load = simpy.Environment(), Load(draws, comments, comments_per_s)
    refused, commit = [0.0] * load.size, count()
    sojourns_s: Seconds = []

    def durable(batch: list[Stamps]) -> Steps:
        sojourns_s.extend(comment.durable_s - comment.intended_s for comment in batch)
        yield from ()

    def cost(_: int) -> CommitCost:
        return CommitCost(0.0, 0.0, load.services_s[next(commit)], 0.0)

    log = Log(env, EventLoop(env), config, cost, durable)

    def post(number: int) -> Steps:
        refused[number] = 0.0 if log.append(Stamps(env.now)) else 1.0
        yield from ()

    load.send(env, post)
    used = load.services_s[: next(commit)]
    return Observed(
        {"share refused": load.mean(refused), "mean sojourn": load.mean(sojourns_s)},
        load.controls((used, SERVICE_S), beside=4),
    )


def fan_outs(draws: Draws, comments: int, comments_per_s: float, write_s: float, viewers: float) -> Observed:
    """M^[X]/D/1: an `Edge` writes each comment to its room's viewers in turn, who are ``viewers`` on average."""
    env, load = simpy.Environment(), Load(draws, comments, comments_per_s, "constant")
    loop = EventLoop(env)
    crowds = [float(each) for each in draws.numbers("viewers").geometric(1 / viewers, load.size)]
    arrived_s = [0.0] * load.size
    room = count()

    def cost(_gap_s: float, _events: int) -> FanOutCost:
        """Of the next room: fan-outs go in the order of arrival."""
        crowd = crowds[next(room)]
        return FanOutCost(crowd * write_s, write_s, (crowd - 1) * write_s)

    edge = Edge(env, loop, cost)

    def comment(number: int) -> Steps:
        arrived_s[number] = env.now
        with loop.turn() as turn:
            yield turn
            yield from edge.broadcast([number])

    load.send(env, comment)
    middles_s = [
        fan_out.start_s + fan_out.cost.first_lag_s + fan_out.cost.span_s / 2 - arrived_s[fan_out.seqs[0]]
        for fan_out in edge.fan_outs
    ]
    squares = [crowd**2 for crowd in crowds]
    return Observed(
        {"mean to a delivery": float(np.average(load.kept(middles_s), weights=load.kept(crowds)))},
        load.controls((crowds, viewers), (squares, 2 * viewers**2 - viewers)),
    )
