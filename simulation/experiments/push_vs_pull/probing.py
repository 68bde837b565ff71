"""What a request costs whom it is asked of, by asking for it again and again: of the core, and on the wire."""

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import cycle
from urllib.parse import urlsplit

import numpy as np

from simulation.experiments.push_vs_pull.http import Asking, request
from simulation.experiments.push_vs_pull.wire import wire_bytes

CONNECTIONS = 100  # by turns: what belongs to one that was just used is in the processor's caches
CLOSED_S = 0.5
RATES_PER_S = (30.0, 100.0, 300.0)  # between which questions the loop is idle for some time
OPEN_S = 0.7
HOT_S = 1e-5  # an idle gap that is none; whoever has slept at all, be it for a tenth of a millisecond, takes longer
SEPARATE_S = 0.1  # by then the kernel has acknowledged what came
TIMES = 6

Curve = list[tuple[float, float]]
"""Idle gaps, and the CPU time of one request after such a gap, in seconds."""


@dataclass(frozen=True, slots=True)
class Target:
    """What is asked of whom, by turns with ``second``; ``used_s`` tells the CPU time that this has used so far."""

    host: str
    port: int
    path: str
    used_s: Callable[[], float]
    fields: tuple[str, ...] = ()
    second: str = ""  # a path

    @property
    def request(self) -> bytes:
        return self.requests[0]

    @property
    def requests(self) -> list[bytes]:
        paths = [self.path, *([self.second] if self.second else [])]
        return [request(path, f"{self.host}:{self.port}", *self.fields) for path in paths]

    async def open(self, count: int) -> list[Asking]:
        return [await Asking.opened(self.host, self.port) for _ in range(count)]


async def costs_by_gap(target: Target) -> tuple[Curve, float]:
    """What a request takes of the core after idle gaps from none to long, and how long a lone one takes in all."""
    rows, lone_s, requests = [(HOT_S, await hot_cost_s(target)), await row_of_one(target)], 0.0, target.requests
    for per_s in sorted(RATES_PER_S, reverse=True):
        pool, count = await target.open(CONNECTIONS), int(per_s * OPEN_S)
        for connection in pool:
            await connection.ask(target.request)
        used_s, took_s, begin_s = target.used_s(), [], time.monotonic()
        for number in range(count):
            await asyncio.sleep(begin_s + number / per_s - time.monotonic())
            asked_s = time.monotonic()
            await pool[number % CONNECTIONS].ask(requests[number % len(requests)])
            took_s.append(time.monotonic() - asked_s)
        each_s, lone_s = (target.used_s() - used_s) / count, float(np.median(took_s))
        rows.append((max(HOT_S, 1 / per_s - each_s), each_s))
        close(pool)
    return ascending(rows), lone_s


def ascending(rows: Curve) -> Curve:
    """By their gaps, of which several are none where what is asked works for as long as its answer takes, and more."""
    return sorted(dict(reversed(rows)).items())


async def hot_cost_s(target: Target) -> float:
    """The CPU time of a request when there is always one that waits, in seconds."""
    return (await _closed(target, CONNECTIONS))[0]


async def row_of_one(target: Target) -> tuple[float, float]:
    """The idle gap while one client has its answer and asks again, which is about the shortest, and its request's CPU
    time."""
    cost_s, took_s = await _closed(target, 1)
    return max(HOT_S, float(np.median(took_s)) - cost_s), cost_s


async def _closed(target: Target, connections: int) -> tuple[float, list[float]]:
    """The CPU time of a request when each client asks again at once, and how long each request took in all."""
    pool, took_s = await target.open(connections), list[float]()
    used_s, until_s = target.used_s(), time.monotonic() + CLOSED_S

    async def client(connection: Asking) -> None:
        for asked in cycle(target.requests):
            asked_s = time.monotonic()
            await connection.ask(asked)
            took_s.append(time.monotonic() - asked_s)
            if asked_s >= until_s:
                return

    await asyncio.gather(*map(client, pool))
    close(pool)
    return (target.used_s() - used_s) / len(took_s), took_s


async def lone_cost_s(target: Target, apart_s: float) -> float:
    """The CPU time of a lone request, in seconds."""
    pool, used_s = await target.open(1), target.used_s()
    for _ in range(TIMES):
        await pool[0].ask(target.request)
        await asyncio.sleep(apart_s)
    close(pool)
    return (target.used_s() - used_s) / TIMES


async def exchange_bytes(target: Target, *, body: bool = False) -> float:
    """What a question and its answer are on the wire, without the answer's body unless it is wanted, too."""
    (connection,) = await target.open(1)
    await connection.ask(target.request)
    await asyncio.sleep(SEPARATE_S)
    before, bodies = wire_bytes([connection.transport]), 0
    for _ in range(TIMES):
        bodies += len((await connection.ask(target.request)).body)
        await asyncio.sleep(SEPARATE_S)
    wire = wire_bytes([connection.transport]) - before
    close([connection])
    return max(0.0, wire - (0 if body else bodies)) / TIMES


def address_of(url: str) -> tuple[str, int]:
    address = urlsplit(url)
    return address.hostname or "127.0.0.1", address.port or 80


def close(pool: Sequence[Asking]) -> None:
    for each in pool:
        each.transport.close()
