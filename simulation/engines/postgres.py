"""A PostgreSQL cluster of a run's own, which can be stopped, started and stalled."""

import os
import shutil
import signal
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from simulation.engines.ports import free_port


class Postgres:
    """A cluster on a free port; ``environment`` is added to that of its processes."""

    def __init__(self, programs: Path, folder: Path, environment: Mapping[str, str] | None = None) -> None:
        self._programs = programs
        self._folder = folder
        self._environment = os.environ | (environment or {})
        # PostgreSQL refuses to run as root.
        self._user: dict[str, Any] = (
            {"user": "postgres", "group": "postgres", "extra_groups": []} if os.geteuid() == 0 else {}
        )
        self._paused: list[int] = []
        self._port = free_port()
        if self._user:
            shutil.chown(folder, "postgres", "postgres")
        self._run("initdb", "-D", folder / "data", "-A", "trust", "-U", "postgres", "-N")

    @property
    def url(self) -> str:
        return f"postgresql://postgres@127.0.0.1:{self._port}/postgres"

    def start(self) -> None:
        options = f"-h 127.0.0.1 -p {self._port} -k ''"
        self._run("pg_ctl", "-D", self._folder / "data", "-o", options, "-l", self._folder / "log", "-w", "start")

    def stop(self) -> None:
        self._run("pg_ctl", "-D", self._folder / "data", "-m", "immediate", "-w", "stop")

    @contextmanager
    def stalled(self) -> Iterator[None]:
        self.pause()
        try:
            yield
        finally:
            self.resume()

    def query(self, statement: str) -> str:
        """What psql prints of an answer's rows, a line for each."""
        command = [str(self._programs / "psql"), "-At", "-c", statement, self.url]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout

    def pause(self) -> None:
        """Its processes are there, take connections and answer nothing."""
        postmaster = int((self._folder / "data" / "postmaster.pid").read_text().split()[0])
        os.kill(postmaster, signal.SIGSTOP)  # first, so that it makes no more of them
        children = Path(f"/proc/{postmaster}/task/{postmaster}/children").read_text().split()
        self._paused = [postmaster, *map(int, children)]
        for process in self._paused[1:]:
            os.kill(process, signal.SIGSTOP)

    def resume(self) -> None:
        for process in reversed(self._paused):
            os.kill(process, signal.SIGCONT)
        self._paused = []

    def _run(self, program: str, *arguments: object) -> None:
        command = [str(self._programs / program), *map(str, arguments)]
        subprocess.run(
            command,
            check=True,
            cwd=self._folder,
            env=self._environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            **self._user,
        )


def postgres_programs() -> Path | None:
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    beside = shutil.which("initdb")
    return found[-1].parent if found else Path(beside).parent if beside else None
