"""The real server with a learner's answer inside, and the load that tries it: what ``check --live`` runs."""

import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from simulation.course.exercise import Exercise, Misconception
from simulation.engines import live, processes
from simulation.engines.set_up import servers
from simulation.result import RunResult
from simulation.scenario import Scenario, load_scenario

BROKEN = ("lost", "duplicated", "reordered")


class Stage:
    """Where an exercise's live run happens; its answer is in ``path``."""

    def __init__(self, exercise: Exercise, path: Path) -> None:
        self._program = ("simulation.course.inside", exercise.name, str(path))

    @asynccontextmanager
    async def server(self, *arguments: str) -> AsyncIterator[str]:
        """The address of a real server of that command line, with the answer inside, on a free port.

        Unless told otherwise it keeps its data in a directory that is taken away afterwards.
        """
        with tempfile.TemporaryDirectory(prefix="livecomments-") as data:
            options = ("--port", "0", "--data", data, *arguments)
            async with processes.server(options, processes.cores().server, program=self._program) as (url, _):
                yield url

    @asynccontextmanager
    async def edge(self, *arguments: str) -> AsyncIterator[str]:
        """The same for an edge, a process of its own with the answer inside."""
        options = ("--port", "0", *arguments)
        async with processes.edge(options, processes.cores().server, program=self._program) as (url, _):
            yield url

    async def run(self, scenario: Scenario | None = None) -> RunResult:
        """A scenario against it ("quick" if none is given); Misconception if anything is lost, doubled or reordered."""
        scenario = scenario or load_scenario("quick")
        live.pin_self()
        async with servers(scenario, 0, None, lambda line: None, program=self._program) as running:
            result = await live.run_live(scenario, running, live.Progress())
        broken = {name: result.counts[name] for name in BROKEN if result.counts[name]}
        if broken:
            told = ", ".join(f"{count:,} {name}" for name, count in broken.items())
            raise Misconception(f"in the real server, of {result.counts['posted']:,} comments posted: {told}")
        return result

    @staticmethod
    def p99_ms(result: RunResult) -> float:
        """Of the way from the author to a viewer's screen."""
        return float(result.as_dict()["latency_ms"]["end_to_end"]["p99"])
