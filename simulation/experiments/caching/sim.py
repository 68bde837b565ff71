"""One run in the model: the same readers and comments, the server's policies, and measured costs."""

from collections.abc import Mapping, Sequence
from dataclasses import fields
from math import log
from random import Random
from typing import Any

import simpy

from reference_impl.policy.circuit_breaker import STAYS_CLOSED
from reference_impl.policy.recent_window import CACHE_BREAKER
from simulation.experiments.caching.measured import Run
from simulation.experiments.caching.plan import LIMIT, STORED, Case, Outage
from simulation.model.cache import Cache, CacheCosts
from simulation.model.cached_pages import CachedPages, CacheWriter, Guards, Log, PageCosts, Stream
from simulation.model.core import Core
from simulation.model.database import Reader
from simulation.model.event_loop import EventLoop, Steps

ENDS_S = 10.0  # after the last reader, for those who wait
DATABASE_CORES = 4  # of a fleet's database
CONNECTIONS = 8  # of each server to it
LATER = {"connect_s": 0.0, "idle_share": 0.0}  # which earlier runs have not probed


class Simulated:
    """Each server has a core; of one alone, the cache and the readers share another one, as in the live run."""

    def __init__(self, case: Case, costs: Mapping[str, Any]) -> None:
        self._case = case
        costs = LATER | dict(costs)
        self._env = env = simpy.Environment()
        self._pages = PageCosts(**_of(PageCosts, costs))
        self._client_s, self._way_s, self._post_s = (costs[name] for name in ("client_s", "way_s", "post_s"))
        self._idle_share = costs["idle_share"]
        variant = case.variant
        self._client = Core(env)
        self.cache = Cache(
            env, variant.config, CacheCosts(**_of(CacheCosts, costs["cache"])), variant.nodes,
            self._client if variant.fleet == 1 else None,
        )  # fmt: skip
        self._shared = (
            Reader(env, core=Core(env, DATABASE_CORES), connections=CONNECTIONS * variant.fleet)
            if variant.fleet > 1
            else None
        )
        self._stream = Stream("demo", STORED)
        self.servers = [self._server(number) for number in range(variant.fleet)]
        self._writer = CacheWriter(self.cache, self.servers[0].guards.cache, self.servers[0].loop, self._pages.call_s)
        self._waits_s: list[float] = []
        self._failed = 0

    def run(self) -> Run:
        case, env, alone = self._case, self._env, self._case.variant.fleet == 1
        for number, server in enumerate(self.servers):
            if not alone:
                steady = case.size.per_s * case.variant.config.hot_keys.half_life_s / log(2)
                server.has_been_asked(self._stream, round(steady))
            env.process(self._readers(server, case.readers_s() if alone else case.fleet_readers_s(number)))
        env.process(self._posts())
        env.process(self._befall())
        seconds = case.size.seconds if alone else case.size.fleet_s
        idle_s = self._idle_share * seconds * len(self.servers)
        env.run(until=seconds + ENDS_S)
        return Run(
            waits_s=self._waits_s,
            failed=self._failed,
            hits=sum(server.counts["hit"] for server in self.servers),
            asked=sum(server.counts.total() for server in self.servers),
            reads=sum(server.log.pages for server in self.servers),
            seconds=seconds,
            busy_s=sum(server.loop.busy_s for server in self.servers) + idle_s,
            servers=len(self.servers),
        )

    def facts(self) -> dict[str, float]:
        """How busy the busiest node of the cache was."""
        return {"node_busy_s": round(max(node.busy_s for node in self.cache.nodes), 2)}

    def _server(self, number: int) -> CachedPages:
        case, env = self._case, self._env
        rng = Random(f"caching {case.repeat} {number}")
        guards = Guards.made(env, rng, STAYS_CLOSED if "breaker" in case.variant.without else CACHE_BREAKER)
        loop = EventLoop(env)
        reads = Log(env, self._shared or Reader(env, loop), guards.reads, self._pages)
        cache = self.cache if case.variant.cached else None
        return CachedPages(env, loop, cache, reads, guards, case.variant.config, self._pages, rng)

    def _readers(self, server: CachedPages, due_s: Sequence[float]) -> Steps:
        for at_s in due_s:
            yield self._env.timeout(max(0.0, at_s - self._env.now))
            self._env.process(self._read(server))

    def _read(self, server: CachedPages) -> Steps:
        began_s, alone = self._env.now, self._case.variant.fleet == 1
        if alone:
            yield from self._client.run(self._client_s / 2)
        yield self._env.timeout(self._way_s)
        good = yield from server.page(self._stream, LIMIT + 1)
        yield self._env.timeout(self._way_s)
        if alone:
            yield from self._client.run(self._client_s / 2)
        if good:
            self._waits_s.append(self._env.now - began_s)
        else:
            self._failed += 1

    def _posts(self) -> Steps:
        """Comments of one server's authors."""
        for at_s in self._case.posts_s():
            yield self._env.timeout(max(0.0, at_s - self._env.now))
            self._env.process(self._post())

    def _post(self) -> Steps:
        yield from self.servers[0].loop.run(self._post_s)
        self._stream.head += 1
        if self._case.variant.cached:
            yield from self._writer.write(self._stream, self._stream.head)

    def _befall(self) -> Steps:
        yield self._env.timeout(self._case.size.outage_at_s)
        for node in self.cache.nodes:
            if self._case.variant.outage is Outage.KILLED:
                node.kill()
            elif self._case.variant.outage is Outage.SILENT:
                node.stop()


def _of(kind: type, costs: Mapping[str, Any]) -> dict[str, float]:
    return {each.name: float(costs[each.name]) for each in fields(kind)}
