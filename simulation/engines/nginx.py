"""A private nginx in front of a server, with the configuration that the project ships and a directory of its own."""

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from simulation.engines import with_parent
from simulation.engines.processes import cpu_seconds, pin

CONFIGURATION = Path(__file__).resolve().parents[2] / "deploy" / "nginx.conf"
SYSTEM = "/usr/sbin"  # where packages put it, which is on root's PATH alone
MISSING = "no nginx: install it (apt-get install nginx)"
START_S = 60.0
STOP_S = 10.0


class NoNginx(Exception):  # noqa: N818 - named for what the caller meets
    """nginx is not installed, or it did not start; the message says so."""


@dataclass(frozen=True, slots=True)
class LoggedRequest:
    at_s: float  # Unix time
    status: int
    cache: str  # HIT, MISS, EXPIRED, …; a dash where no cache was asked
    path: str

    @property
    def at_origin(self) -> bool:
        """Whether the server had to answer; what a cache has, or is just getting for somebody else, it answers."""
        return self.cache not in ("HIT", "STALE", "UPDATING")


@dataclass(frozen=True, slots=True)
class Nginx:
    pid: int
    url: str
    folder: Path

    @property
    def cpu_s(self) -> float:
        """What its workers have used of a core."""
        workers = Path(f"/proc/{self.pid}/task/{self.pid}/children")
        return sum(cpu_seconds(int(pid)) for pid in workers.read_text().split()) if workers.exists() else 0.0

    def requests(self) -> list[LoggedRequest]:
        """What it has logged; its log is about a second behind."""
        lines = [line.split() for line in (self.folder / "access.log").read_text().splitlines()]
        return [LoggedRequest(float(line[0]), int(line[1]), line[2], line[5]) for line in lines]


def program() -> str | None:
    """The nginx that is installed, if there is one."""
    return shutil.which("nginx") or shutil.which("nginx", path=SYSTEM)


@contextmanager
def nginx(port: int, origin_port: int, core: set[int] | None = None) -> Iterator[Nginx]:
    """Listen on ``port`` in front of the server on ``origin_port``."""
    found = program()
    if found is None:
        raise NoNginx(MISSING)
    with TemporaryDirectory(prefix="livecomments-nginx-") as name:
        folder = Path(name)
        text = CONFIGURATION.read_text().replace("127.0.0.1:8081", f"127.0.0.1:{port}")
        text = text.replace("127.0.0.1:8080", f"127.0.0.1:{origin_port}").replace("processes auto", "processes 1")
        (folder / "nginx.conf").write_text(text)
        user = "user root;" if os.geteuid() == 0 else ""  # other users' workers would not reach the directory
        command = [found, "-p", name, "-c", "nginx.conf", "-e", "stderr", "-g", f"daemon off; {user}"]
        with (folder / "said").open("w") as said:
            process = subprocess.Popen(
                with_parent.program(command), stderr=said, start_new_session=True,
                preexec_fn=None if core is None else lambda: pin(0, core),
            )  # fmt: skip
        try:
            _wait(process, port, folder / "said")
            yield Nginx(process.pid, f"http://127.0.0.1:{port}", folder)
        finally:
            process.terminate()
            process.wait(STOP_S)


def _wait(process: "subprocess.Popen[bytes]", port: int, said: Path) -> None:
    until_s = time.monotonic() + START_S
    while process.poll() is None and time.monotonic() < until_s:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.02)
    raise NoNginx(f"nginx did not start: {said.read_text()[-500:]}")
