"""The load of a run: ``python -m simulation.experiments.degradation.load CASE URL RESULT.npz``.

A process of its own, on a core of its own: the crowd, one viewer who reads everything, and all requests when they are
due, whatever became of those before. Says one line of JSON: how busy it was, and how many viewers were let go.
"""

import asyncio
import json
import sys
import time
from array import array
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

import aiohttp
import numpy as np
import uvloop

from simulation.bench.fanout_load import crowd
from simulation.bench.fanout_servers import Running
from simulation.bench.http_load import TICK_S, Connection, connect
from simulation.experiments.degradation.line import Line
from simulation.experiments.degradation.plan import Case, Kind, Request
from simulation.experiments.degradation.record import Outcome, requests_of
from simulation.experiments.degradation.requests import STREAM, Asking, case_of
from simulation.experiments.degradation.watcher import Watcher

LEAD_S = 0.3
ENDS_S = 15.0  # for the last answers
LOOK_S = 0.2  # between two looks at the ladder
IDLE_MAX_S = 4.0  # a server closes a connection after 5; what is sent meanwhile would never be answered


class Sender:
    """Requests of one kind, each on a free connection; ``rows`` has kind, due, ended (s), outcome of each."""

    def __init__(self, kind: Kind, asking: Callable[[Request], bytes], rows: "array[float]") -> None:
        self.flying = 0
        self._kind = kind
        self._asking = asking
        self._rows = rows
        self._line = Line()
        self._free: list[Connection] = []
        self._answered_s: dict[Connection, float] = {}  # when each was last; a new one may be as idle as it likes
        self._url = ""
        self._began_s = 0.0
        self._opening: set[asyncio.Task[None]] = set()

    async def open(self, url: str, connections: int) -> None:
        self._url = url
        self._free = await connect(url, connections, self._answered)

    def begin(self, at_s: float) -> None:
        """What requests are due by counts from then."""
        self._began_s = at_s

    def add(self, request: Request) -> None:
        self._line.add(request)

    def go(self, now_s: float) -> None:
        """Send what there are free connections for; who has waited too long for one has gone away."""
        for request in self._line.gone(now_s):
            self._note(request.due_s, now_s, Outcome.GIVEN_UP)
        while self._line and self._free:
            connection = self._free.pop()  # the one used last: others may idle until the server closes them
            if connection.closed or now_s - self._answered_s.get(connection, now_s) > IDLE_MAX_S:
                self._reopen(connection)
                continue
            request = self._line.take()
            connection.send(self._asking(request), request.due_s)
            self.flying += 1

    @property
    def idle(self) -> bool:
        return not self.flying and not self._line

    def close(self) -> None:
        for connection in self._free:
            connection.close()

    def _reopen(self, connection: Connection) -> None:
        connection.close()
        self._answered_s.pop(connection, None)

        async def one() -> None:
            self._free += await connect(self._url, 1, self._answered)

        task = asyncio.create_task(one())
        self._opening.add(task)
        task.add_done_callback(self._opening.discard)

    def _answered(self, connection: Connection, answer: bytes) -> None:
        self.flying -= 1
        now_s = time.monotonic() - self._began_s
        good = answer[9:10] == b"2"
        self._answered_s[connection] = now_s
        self._note(connection.due_s, now_s, Outcome.DONE if good else Outcome.REFUSED)
        self._free.append(connection)

    def _note(self, due_s: float, ended_s: float, outcome: Outcome) -> None:
        self._rows.extend((self._kind, due_s, ended_s, outcome))


async def run(case: Case, url: str, result: Path) -> dict[str, float]:
    asking = await Asking.at(url)
    schedule, rows = case.schedule(), array("d")
    senders = {kind: Sender(kind, asking, rows) for kind in Kind}
    async with crowd(running(url), case.size.viewers, None) as viewers:
        watcher = await Watcher.at(url, STREAM)
        for kind, sender in senders.items():
            await sender.open(url, case.connections(kind))
        await viewers.ask("start")
        began_s = time.monotonic() + LEAD_S
        asking.begin(began_s)
        for sender in senders.values():
            sender.begin(began_s)
        cpu_s, start_s = time.process_time(), time.monotonic()
        looking = asyncio.create_task(_look(url, began_s))
        await _send(schedule, senders, began_s)
        await asyncio.sleep(max(0.0, began_s + case.size.seconds - time.monotonic()))
        await watcher.settled()
        rungs = await _ended(looking)
        busy = (time.process_time() - cpu_s) / (time.monotonic() - start_s)
        counted = json.loads(await viewers.ask("stop"))
    for sender in senders.values():
        sender.close()
    seen = watcher.found(began_s)
    np.savez(
        result, requests=requests_of(rows), rungs=np.array(rungs).reshape(-1, 2), seen=seen["seen"],
        frames_s=seen["frames_s"], sums_s=seen["sums_s"],
    )  # fmt: skip
    return {"busy": busy + 1 - counted["idle_share"], "viewers_gone": counted["closed"]}


async def _send(schedule: Sequence[Request], senders: dict[Kind, Sender], began_s: float) -> None:
    at, last_s = 0, schedule[-1].due_s
    while at < len(schedule) or not all(sender.idle for sender in senders.values()):
        now_s = time.monotonic() - began_s
        while at < len(schedule) and schedule[at].due_s <= now_s:
            senders[schedule[at].kind].add(schedule[at])
            at += 1
        for sender in senders.values():
            sender.go(now_s)
        if now_s > last_s + ENDS_S:
            raise SystemExit(f"{sum(sender.flying for sender in senders.values())} requests were not answered")
        await asyncio.sleep(TICK_S)


async def _look(url: str, began_s: float) -> list[tuple[float, float]]:
    """The ladder's rung and when the server said so, until cancelled."""
    found: list[tuple[float, float]] = []
    async with aiohttp.ClientSession() as session:
        with suppress(asyncio.CancelledError):
            while True:
                async with session.get(f"{url}/health") as answer:
                    found.append((time.monotonic() - began_s, (await answer.json())["level"]))
                await asyncio.sleep(LOOK_S)
    return found


async def _ended(looking: "asyncio.Task[list[tuple[float, float]]]") -> list[tuple[float, float]]:
    looking.cancel()
    return await looking


def running(url: str) -> Running:
    request = f"GET /v1/streams/{STREAM}/events HTTP/1.1\r\nHost: bench\r\n\r\n".encode()
    return Running(0, int(url.rpartition(":")[2]), request, lambda texts: b"")


if __name__ == "__main__":
    found = uvloop.run(run(case_of(json.loads(sys.argv[1])), sys.argv[2], Path(sys.argv[3])))
    sys.stdout.write(json.dumps(found) + "\n")
