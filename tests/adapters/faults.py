"""A process that may die, or be held up, between any two of its commits."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, Literal

from reference_impl.adapters.partitioned.layout import Partitions
from reference_impl.adapters.partitioned.log import PartitionedLog
from reference_impl.adapters.sql.database import Database
from reference_impl.policy.partitioning import Strategy
from reference_impl.ports import LogUnavailable

LEASE_S = 1.0

Fault = Literal["dies before", "dies after", "is held up"]


@dataclass
class Clock:
    """Unix time that goes on a little whenever somebody looks at it, so that every lease ends without waiting."""

    now_s: float = 1_000_000.0

    def __call__(self) -> float:
        self.now_s += 0.02
        return self.now_s


@dataclass
class Faults:
    """What befalls which commit, counted from now; each happens once."""

    clock: Clock
    meanwhile: Callable[[], Awaitable[object]]  # what others do while a commit is held up
    planned: dict[int, Fault] = field(default_factory=dict)
    met: list[Fault] = field(default_factory=list)

    async def around(self, commit: Callable[[], Awaitable[Any]]) -> Any:
        """Commit, or let what is planned for this one happen."""
        planned = {number - 1: fault for number, fault in self.planned.items()}
        fault = planned.pop(-1, None)
        self.planned = planned
        if fault is not None:
            self.met.append(fault)
        if fault == "dies before":
            raise LogUnavailable("died before the commit")
        if fault == "is held up":
            self.clock.now_s += 2 * LEASE_S
            await self.meanwhile()
        answer = await commit()
        if fault == "dies after":
            raise LogUnavailable("died after the commit")
        return answer


class FaultyDatabase:
    """Reads always work; a dead process's commits do not."""

    def __init__(self, real: Database, faults: Faults) -> None:
        self._real = real
        self._faults = faults

    async def write(self, work):
        return await self._faults.around(lambda: self._real.write(work))

    async def read(self, work):
        return await self._real.read(work)

    async def close(self) -> None:
        """The real one is another's to close."""


class Process:
    """A log over databases that others use too; `restart` forgets all that only its memory had."""

    def __init__(self, databases: list[Database], strategy: Callable[[], Strategy], clock: Clock, epoch: int) -> None:
        self._strategy = strategy
        self._clock = clock
        self._epoch = epoch
        self.faults = Faults(clock, self._nothing)
        self._partitions = Partitions([FaultyDatabase(database, self.faults) for database in databases])
        self.restart()

    def restart(self) -> None:
        self.faults.planned = {}
        self.log = PartitionedLog(self._partitions, self._strategy(), self._epoch, now_s=self._clock, lease_s=LEASE_S)

    async def _nothing(self) -> None:
        """Nobody else is there."""
