"""Redis for tests: one server, a cluster or a Sentinel, started here where redis-server is installed, else skipped."""

import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
import redis
import redis.crc

from simulation.engines.ports import free_port

REDIS_URL = os.environ.get("LIVECOMMENTS_TEST_REDIS_URL")
MISSING = "no redis-server: install it (apt-get install redis-server), or name one in LIVECOMMENTS_TEST_REDIS_URL"
NODE_TIMEOUT_MS = 1_000  # until a cluster takes a master for dead
WAIT_S = 60.0


def wait_until(condition: Callable[[], object], what: str) -> None:
    until = time.monotonic() + WAIT_S
    while not condition():
        if time.monotonic() > until:
            raise AssertionError(f"not within {WAIT_S:g} s: {what}")
        time.sleep(0.02)


class RedisServer:
    """A server of the test's own on a free port, without persistence; it can be killed and started again."""

    def __init__(self, program: str, folder: Path, *options: str) -> None:
        self.port = free_port()
        address = ["--port", str(self.port), "--bind", "127.0.0.1", "--dir", str(folder), "--save", ""]
        self._command = [program, *options, *address]
        self.folder = folder
        self.start()

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}"

    @property
    def client(self) -> redis.Redis:
        return redis.Redis(port=self.port, socket_timeout=WAIT_S, protocol=2)

    def start(self) -> None:
        self._process = subprocess.Popen(self._command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        wait_until(self.answers, "redis-server answers")

    def answers(self) -> bool:
        try:
            return bool(self.ask("PING"))
        except redis.ConnectionError:
            return False

    def ask(self, *command: object) -> object:
        with self.client as client:
            return client.execute_command(*command)

    def slots(self) -> list[tuple[int, int, int]]:
        """Ranges of a cluster's slots, and the port of the master that has them."""
        answer = self.ask("CLUSTER SLOTS")
        assert isinstance(answer, list)
        return [(first, last, master[1]) for first, last, master, *_ in answer]

    def pause(self) -> None:
        self._process.send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        self._process.send_signal(signal.SIGCONT)

    def kill(self) -> None:
        self._process.kill()
        self._process.wait()


class RedisCluster:
    """Three masters, and a replica of each."""

    def __init__(self, new_server: Callable[..., RedisServer]) -> None:
        self.servers = [
            new_server(
                "--cluster-enabled", "yes", "--cluster-node-timeout", str(NODE_TIMEOUT_MS),
                "--cluster-port", str(free_port()), "--cluster-config-file", f"{number}.conf",
            )
            for number in range(6)
        ]  # fmt: skip
        hosts = [f"127.0.0.1:{server.port}" for server in self.servers]
        command = ["redis-cli", "--cluster", "create", *hosts, "--cluster-replicas", "1", "--cluster-yes"]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        wait_until(lambda: all(map(_is_whole, self.servers)), "the cluster is whole")
        self.url = "redis+cluster://" + ",".join(hosts[:3])

    def master_of(self, channel: str) -> RedisServer:
        """The server that has a channel, as one that runs says."""
        slot = redis.crc.key_slot(channel.encode())
        running = next(server for server in self.servers if server.answers())
        for first, last, port in running.slots():
            if first <= slot <= last:
                return next(server for server in self.servers if server.port == port)
        raise AssertionError(f"nobody has slot {slot}")


def _is_whole(server: RedisServer) -> bool:
    info = server.ask("INFO", "replication")
    assert isinstance(info, dict)
    linked = (info["role"] == "master" and info["connected_slaves"] == 1) or info.get("master_link_status") == "up"
    state = server.ask("CLUSTER INFO")
    return linked and isinstance(state, dict) and state["cluster_state"] == "ok"


class Sentinel:
    """Watches a master that has one replica, and names the other when the master is gone."""

    def __init__(self, new_server: Callable[..., RedisServer]) -> None:
        self.master = new_server()
        new_server("--replicaof", "127.0.0.1", str(self.master.port), "--repl-diskless-sync-delay", "0")
        file = self.master.folder / "sentinel.conf"
        file.write_text(
            f"sentinel monitor comments 127.0.0.1 {self.master.port} 1\n"
            f"sentinel down-after-milliseconds comments {NODE_TIMEOUT_MS}\n"
            "sentinel failover-timeout comments 2000\n"
        )
        self.server = new_server(str(file), "--sentinel")
        self.url = f"redis+sentinel://127.0.0.1:{self.server.port}/comments"
        wait_until(lambda: self._knows("num-slaves", 1), "the Sentinel knows the replica")

    def promoted(self) -> bool:
        return not self._knows("port", self.master.port)

    def _knows(self, name: str, value: int) -> bool:
        answer = self.server.ask("SENTINEL MASTER", "comments")
        return isinstance(answer, dict) and answer[name] == value


@contextmanager
def redis_servers() -> Iterator[Callable[..., RedisServer]]:
    """Start servers; all of them end with the block."""
    program = shutil.which("redis-server")
    if program is None:
        pytest.skip(MISSING)
    with ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="livecomments-redis-"))

        def start(*options: str) -> RedisServer:
            server = RedisServer(program, Path(folder), *options)
            stack.callback(server.kill)
            return server

        yield start


@contextmanager
def any_redis() -> Iterator[str]:
    """The address of the server named in the environment, else of a private one."""
    if REDIS_URL:
        yield REDIS_URL
        return
    with redis_servers() as start:
        yield start().url
