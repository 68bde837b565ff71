"""Does a scenario's faults to the processes of a live run, each at its time."""

import asyncio
import os
import signal
import time
from asyncio.subprocess import Process

from simulation.engines import processes
from simulation.engines.running import Running
from simulation.faults import Delay, FaultOfARun, Kill, Partition, SlowReader, Stop, Storm
from simulation.scenario import Scenario


async def befall(scenario: Scenario, running: Running, crowd: Process, network: Process | None, began_s: float) -> None:
    """All of them, one after another; a scenario has none that overlap."""
    for fault in sorted(scenario.faults, key=lambda each: each.at_s):
        await asyncio.sleep(max(0.0, began_s + fault.at_s - time.monotonic()))
        await _befall(fault, scenario.audience.pushed, running, crowd, network)


async def _befall(fault: FaultOfARun, viewers: int, running: Running, crowd: Process, network: Process | None) -> None:
    match fault:
        case Stop():
            await _stand_still(running.pid, fault.lasts_s)
        case Kill():
            await running.kill(fault.restart_s)
        case Storm():
            await processes.tell(crowd, f"storm {fault.befalls(viewers)} {fault.jitter:d}")
        case SlowReader():
            count = fault.befalls(viewers)
            await _worsen(crowd, f"slow_reader {count} 1", fault.lasts_s, f"slow_reader {count} 0")
        case Partition():
            await _worsen(network, "partition 1", fault.lasts_s, "partition 0")
        case Delay():
            await _worsen(network, f"delay {fault.delay_s} {fault.jitter_s}", fault.lasts_s, "delay 0 0")


async def _worsen(process: Process | None, begin: str, lasts_s: float, end: str) -> None:
    assert process is not None
    await processes.tell(process, begin)
    await asyncio.sleep(lasts_s)
    await processes.tell(process, end)


async def _stand_still(pid: int, lasts_s: float) -> None:
    """The process goes on whatever happens here."""
    os.kill(pid, signal.SIGSTOP)
    try:
        await asyncio.sleep(lasts_s)
    finally:
        os.kill(pid, signal.SIGCONT)
