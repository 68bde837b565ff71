"""One run in the model: the same comments and viewers, the server's policies, and measured costs."""

from collections.abc import Mapping
from typing import Any

from simulation.experiments.push_vs_pull.audiences import Asking, Audience, Cached, Seen, Told
from simulation.experiments.push_vs_pull.measured import Run
from simulation.experiments.push_vs_pull.plan import Case, Transport
from simulation.experiments.push_vs_pull.stage import Stage
from simulation.model.event_loop import EventLoop


def simulate(case: Case, costs: Mapping[str, Any]) -> Run:
    """All viewers at one server, or at a cache that shares its core, as in a live run."""
    viewers, transport = case.size.viewers, case.variant.transport
    stage = Stage(case, costs, viewers if transport.pushed else 0)
    audience = _audience(stage)
    server_s, cache_s = stage.play(lambda: (stage.server_s, audience.used_s))
    seen = audience.seen()
    lost = len(stage.published) * viewers - seen.delivered
    cached = transport is Transport.SEGMENTS
    return run_of(case, seen, viewers, (server_s, cache_s), processes=1 + cached, lost=lost)


def _audience(stage: Stage) -> Audience:
    viewers, transport = stage.case.size.viewers, stage.case.variant.transport
    if transport.pushed:
        return Told(stage, stage.server.edge.fan_outs, viewers)
    if transport is Transport.SEGMENTS:
        return Cached(stage, EventLoop(stage.env, core=stage.server.core), viewers)
    asking = Asking(stage, stage.server.loop, stage.published, viewers)
    assert stage.waited_for is not None
    stage.waited_for.told = asking.told
    return asking


def run_of(
    case: Case, seen: Seen, viewers: int, used_s: tuple[float, float], *, processes: int, lost: int, times: float = 1.0
) -> Run:
    """A run of as many such audiences as it takes: ``times`` that one."""
    return Run(
        viewers=viewers, seconds=case.size.measured_s, latencies_s=seen.latencies_s, requests=times * seen.requests,
        answers=times * seen.answers, empty=times * seen.empty, server_s=used_s[0], cache_s=used_s[1],
        wire_bytes=times * seen.wire_bytes, processes=processes, lost=times * lost,
    )  # fmt: skip
