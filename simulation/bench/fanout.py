"""``livecomments bench fanout``: what a delivery costs, beside the floor of this machine and beside other servers.

The server has one core; viewers and publisher have another. A round measures every server once, in turned order, and
shares are taken within a round, so that the machine's moods fall on all alike; a row is the median of its rounds.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

from simulation.bench import fanout_servers as servers
from simulation.bench.fanout_load import OWN_FILES, Crowd, Load, crowd, publish, require_files, stalled
from simulation.bench.fanout_rows import Case, Row, Run, beside_floor
from simulation.bench.fanout_servers import Absent, Running
from simulation.bench.usage import CoreTime, rss_kb
from simulation.engines import processes
from simulation.engines.live import pin_self
from simulation.engines.processes import cpu_seconds

SERVERS = (
    "livecomments", "livecomments-python", "livecomments-stalled", "sse-starlette", "floor", "nchan", "socket.io",
)  # fmt: skip
SPEAKS = {
    "nchan": "sse",
    "livecomments-stalled": "sse",
    "sse-starlette": "sse",
    "socket.io": "websocket",
}  # the others speak both
WINDOWED = ("livecomments", "livecomments-python", "livecomments-stalled", "floor")
DELIVERIES_PER_S = {0.0: 100_000.0, 20.0: 2_000_000.0}  # offered, by window
COMMENTS_MAX = 5_000.0  # offered to a small audience: more is the write path's benchmark
SLOWER = {"sse-starlette": 0.1}  # of what is offered to the others: it saturates a core with less than that
IDLE_MIN = 0.05
OTHERS_MAX = 0.05  # of the server's core that may go to somebody else
WARM_UP_VIEWERS = 200
QUIET_S = 0.3
STALLED = 50  # readers who connect and then do not read
ALONE_S = 2.0
LATE_MS = 1_000.0  # comments later than that are not kept up with

Say = Callable[[str], None]


class FanOutBench:
    def __init__(self, seconds: float, socketio: Path | None, say: Say) -> None:
        self._seconds = seconds
        self._socketio = socketio
        self._say = say
        self._cores = processes.cores()
        self._frame_bytes: dict[str, int] = {}
        self._absent: set[str] = set()

    async def rounds(self, cases: Sequence[Case], runs: int) -> list[Row]:
        """Measure all cases so often; those that share transport, viewers and window are compared within a round."""
        pin_self()
        rows = {case: Row(case) for case in cases}
        groups: dict[tuple[str, int, float], list[Case]] = {}
        for case in cases:
            groups.setdefault((case.transport, case.viewers, case.window_ms), []).append(case)
        for number in range(runs):
            for group in groups.values():
                turned = group[number % len(group) :] + group[: number % len(group)]
                for case, run in await self._round(turned, f"round {number + 1} of {runs}"):
                    rows[case].runs.append(run)
        return [row for row in rows.values() if row.runs]

    async def _round(self, group: Sequence[Case], about: str) -> list[tuple[Case, Run]]:
        done: list[tuple[Case, Run]] = []
        for case in group:
            if case.server in self._absent:
                continue
            self._say(f"{about}: {case.server}, {case.transport}, {case.viewers:,} viewers, {case.window_ms:g} ms")
            try:
                done.append((case, await self.measure(case, self._rate(case))))
            except Absent as absent:
                self._absent.add(case.server)
                self._say(str(absent))
        floor = next((run for case, run in done if case.server == "floor" and not run.why_void), None)
        return [(case, beside_floor(run, floor, case.viewers)) for case, run in done]

    async def measure(self, case: Case, rate: float) -> Run:
        load = Load(rate, self._seconds)
        server_core, client_core = self._cores
        require_files(case.viewers + OWN_FILES)  # before the server starts, which inherits the limit
        async with self._started(case, server_core) as server:
            if case.viewers > WARM_UP_VIEWERS:  # what the first viewers of all make a server load is not theirs
                async with crowd(server, WARM_UP_VIEWERS, client_core):
                    pass
                await asyncio.sleep(QUIET_S)
            alone_us = await self._publishing_alone(case, server, rate)
            empty_kb = rss_kb(server.pid)
            async with crowd(server, case.viewers, client_core) as viewers:
                await asyncio.sleep(QUIET_S)
                rss = (rss_kb(server.pid) - empty_kb) / case.viewers
                before_kb = rss_kb(server.pid)
                async with stalled(server, STALLED if case.server == "livecomments-stalled" else 0):
                    run = await self._measured(case, server, viewers, load, rss)
                    grown_kb = rss_kb(server.pid) - before_kb
                return replace(run, publishing_us_per_comment=alone_us, rss_grown_kb=grown_kb)

    async def _publishing_alone(self, case: Case, server: Running, rate: float) -> float | None:
        """CPU of a comment that one viewer gets, at the same rate."""
        if case.server not in WINDOWED:
            return None
        core = self._cores.load
        async with crowd(server, 1, core) as viewer:
            await asyncio.sleep(QUIET_S)
            alone = await self._measured(case, server, viewer, Load(rate, min(ALONE_S, self._seconds)), 0.0)
        return alone.cpu_us_per_delivery * case.viewers

    async def _measured(self, case: Case, server: Running, viewers: Crowd, load: Load, rss: float) -> Run:
        server_core, client_core = self._cores
        await viewers.ask("start")
        on_server, on_client = CoreTime.read(server_core), CoreTime.read(client_core)
        cpu_s, start_s = cpu_seconds(server.pid), asyncio.get_running_loop().time()
        await publish(server, load)
        complete = await viewers.all_have(load.comments)
        seconds = asyncio.get_running_loop().time() - start_s
        cpu_s = cpu_seconds(server.pid) - cpu_s
        busy, client_busy = on_server.busy_share(server_core), on_client.busy_share(client_core)
        counts = await viewers.settled_counts()
        deliveries = load.comments * case.viewers
        self._frame_bytes.setdefault(case.transport, counts["bytes_max"] // load.comments)
        run = Run(
            deliveries_per_s=deliveries / seconds,
            cpu_us_per_delivery=cpu_s / deliveries * 1e6,
            core_used=cpu_s / seconds,
            p50_ms=counts["p50_ms"],
            p99_ms=counts["p99_ms"],
            rss_kb_per_viewer=rss,
            client_idle=1 - client_busy if client_core else counts["idle_share"],
            others_on_core=max(0.0, busy - cpu_s / seconds) if server_core else 0.0,
            client=viewers.language,
            lost=counts["lost"],
            frame_bytes=counts["bytes_max"] // load.comments,
        )
        same_bytes = case.server != "sse-starlette"  # it tells a notice only to those who have nothing else to read
        return replace(run, why_void=_why_void(run, counts, complete=complete, same_bytes=same_bytes))

    @asynccontextmanager
    async def _started(self, case: Case, core: set[int] | None) -> AsyncIterator[Running]:
        """The server of a case; frames of the others get the size that ours have."""
        common = (case.transport, case.window_ms, core)
        if case.server.startswith("livecomments") or case.server == "sse-starlette":
            options = {
                "livecomments-python": ["--batch-send", "off"],
                "livecomments-stalled": ["--slow-viewer", "drop_oldest"],
                "sse-starlette": ["--delivery", "plain"],
            }
            async with servers.livecomments(*common, *options.get(case.server, [])) as server:
                yield server
            return
        size = await self._size_of_ours(case.transport)
        started = {
            "floor": lambda: servers.floor(*common, size),
            "nchan": lambda: servers.nchan(*common, size),
            "socket.io": lambda: servers.socketio(*common, size, self._socketio),
        }[case.server]()
        async with started as server:
            yield server

    async def _size_of_ours(self, transport: str) -> int:
        if transport not in self._frame_bytes:
            ours = Case(server="livecomments", transport=transport, viewers=1, window_ms=0)
            async with self._started(ours, None) as server, crowd(server, 1, None) as viewers:
                await asyncio.sleep(QUIET_S)
                await self._measured(ours, server, viewers, Load(50, 1), 0.0)
        return self._frame_bytes[transport]

    def _rate(self, case: Case) -> float:
        offered = DELIVERIES_PER_S.get(case.window_ms, DELIVERIES_PER_S[20.0])
        return min(offered / case.viewers, COMMENTS_MAX) * SLOWER.get(case.server, 1.0)

    async def most(self, case: Case) -> Run:
        """Raise the rate by half until comments come late or viewers have no time left; the last good run counts.

        A first run that is no good is the answer, with why it does not count.
        """
        rate, best = self._rate(case), None
        while True:
            self._say(f"the most: {case.server}, {case.viewers:,} viewers, {rate * case.viewers:,.0f} deliveries/s")
            run = _in_time(await self.measure(case, rate))
            if run.why_void:
                return best or run
            best, rate = run, rate * 1.5


def cases(
    names: Sequence[str], transports: Sequence[str], viewers: Sequence[int], windows: Sequence[float]
) -> list[Case]:
    """All that make sense: no peer has a window, and each speaks its transport only."""
    return [
        Case(server=server, transport=transport, viewers=count, window_ms=window_ms)
        for transport in transports
        for count in viewers
        for window_ms in windows
        for server in names
        if SPEAKS.get(server, transport) == transport and (not window_ms or server in WINDOWED)
    ]


def _in_time(run: Run) -> Run:
    late = not run.why_void and run.p99_ms > LATE_MS
    return replace(run, why_void=f"comments came {run.p99_ms:.0f} ms late") if late else run


def _why_void(run: Run, counts: dict[str, float], *, complete: bool, same_bytes: bool) -> str:
    if not complete or counts["closed"]:
        return f"not everybody got everything: {counts['closed']} connections were ended"
    if counts["lost"] or counts["repeated"] or (same_bytes and counts["bytes_min"] != counts["bytes_max"]):
        return f"{counts['lost']} comments lost, {counts['repeated']} repeated, or viewers got different bytes"
    if run.client_idle < IDLE_MIN:
        return f"the core of viewers and publisher was idle for {run.client_idle:.0%} only"
    if run.others_on_core > OTHERS_MAX:
        return f"others used {run.others_on_core:.0%} of the server's core"
    return ""
