"""Does a scenario's faults to the processes of a live run, each at its time."""

import asyncio
import os
import signal
import time
from asyncio.subprocess import Process
from collections.abc import Sequence

from simulation.engines import processes
from simulation.engines.running import Running
from simulation.faults import FaultOfARun, Kill, Stop, Storm
from simulation.scenario import Scenario


async def befall(scenario: Scenario, running: Running, crowds: Sequence[Process], began_s: float) -> None:
    """All of them, one after another; a scenario has none that overlap."""
    for fault in sorted(scenario.faults, key=lambda each: each.at_s):
        await asyncio.sleep(max(0.0, began_s + fault.at_s - time.monotonic()))
        await _befall(fault, scenario.audience.pushed, running, crowds)


async def _befall(fault: FaultOfARun, viewers: int, running: Running, crowds: Sequence[Process]) -> None:
    match fault:
        case Stop():
            await _stand_still(running.pid, fault.lasts_s)
        case Kill():
            await running.kill(fault.restart_s)
        case Storm():
            await processes.tell(crowds[0], f"storm {fault.befalls(viewers)} {fault.jitter:d}")


async def _stand_still(pid: int, lasts_s: float) -> None:
    """The process goes on whatever happens here."""
    os.kill(pid, signal.SIGSTOP)
    try:
        await asyncio.sleep(lasts_s)
    finally:
        os.kill(pid, signal.SIGCONT)
