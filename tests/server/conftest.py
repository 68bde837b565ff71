"""A real server process: started on a free port, killed and started again at will, always ended."""

import http.client
import itertools
import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from simulation.engines.ports import free_port
from tests.patience import PATIENT
from tests.redises import redis_servers
from tests.server.sse import DEADLINE_S, Follower

ROOT = Path(__file__).parents[2]
JSON = {"Content-Type": "application/json"}


def eventually(condition: Callable[[], Any], what: str) -> Any:
    """Poll until the condition holds, and answer its value."""
    until = time.monotonic() + DEADLINE_S
    while time.monotonic() < until:
        if value := condition():
            return value
        time.sleep(0.01)
    raise AssertionError(f"not within {DEADLINE_S:g} s: {what}")


class ServerProcess:
    """`python -m reference_impl serve` on a data directory; ``before`` is put in front of the command line."""

    command = "serve"
    listens = True
    ready = r"url=(\S+)"

    def __init__(self, data: Path, *options: str, before: tuple[str, ...] = (), **environment: str) -> None:
        self.data = data
        self._options = options
        self._before = before
        self._environment = PATIENT | {"LIVECOMMENTS_DISPLAY": "all"} | environment
        self.port = free_port() if self.listens else 0  # the same when it is started again
        self._tokens: dict[tuple[str, tuple[str, ...]], str] = {}
        self.said: list[str] = []
        self.start()

    def start(self) -> None:
        command = [*self._before, sys.executable, "-m", "reference_impl", self.command]
        self.process = subprocess.Popen(
            [*command, *(["--port", str(self.port)] if self.listens else []), "--data", str(self.data), *self._options],
            cwd=ROOT, env=os.environ | self._environment, stderr=subprocess.PIPE, text=True, start_new_session=True,
        )  # fmt: skip
        ready = threading.Event()
        self._reader = threading.Thread(target=self._read, args=(self.process.stderr, ready), daemon=True)
        self._reader.start()
        assert ready.wait(DEADLINE_S), self.said
        assert self.port or not self.listens, self.said

    def _read(self, lines: Any, ready: threading.Event) -> None:
        for line in lines:
            self.said.append(line)
            if match := re.search(self.ready, line):
                if match.groups():
                    self.url = match[1]
                    self.port = urlsplit(self.url).port or 0
                ready.set()
        ready.set()

    def kill(self) -> None:
        os.killpg(self.process.pid, signal.SIGKILL)  # the whole group: a tracer in front would leave the server alive
        self.wait()

    def stop(self, number: int = signal.SIGTERM) -> int:
        os.killpg(self.process.pid, number)
        return self.wait()

    def wait(self) -> int:
        status = self.process.wait(DEADLINE_S)
        self._reader.join()
        assert self.process.stderr is not None
        self.process.stderr.close()
        return status

    def end(self) -> None:
        if self.process.poll() is None:
            self.kill()

    def request(
        self, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None
    ) -> tuple[int, Any, dict[str, str]]:
        """One request on a connection of its own: (status, decoded body, headers)."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=DEADLINE_S)
        try:
            payload = body if isinstance(body, bytes | None) else json.dumps(body).encode()
            connection.request(method, path, payload, headers or {})
            answer = connection.getresponse()
            raw = answer.read()
            decoded = json.loads(raw) if "json" in answer.headers.get("content-type", "") else raw
            return answer.status, decoded, {name.lower(): value for name, value in answer.getheaders()}
        finally:
            connection.close()

    def token(self, user: str, *allow: str, streams: tuple[str, ...] = ("*",), roles: tuple[str, ...] = ()) -> str:
        """An access token; without capabilities one that may read and post."""
        caps = [{"streams": streams, "allow": allow or ("read", "post"), "roles": roles}]
        status, body, _ = self.request("POST", "/v1/dev/tokens", {"user": user, "caps": caps}, JSON)
        assert status == 201, body
        return str(body["token"])

    def ask(
        self, method: str, path: str, body: Any = None, *, user: str = "Ada", allow: tuple[str, ...] = (), **fields: str
    ) -> tuple[int, Any, dict[str, str]]:
        """A request by a user, who has the capabilities on every stream."""
        if (user, allow) not in self._tokens:
            self._tokens[user, allow] = self.token(user, *allow)
        headers = JSON | {"Authorization": f"Bearer {self._tokens[user, allow]}"}
        return self.request(
            method, path, body, headers | {name.replace("_", "-"): text for name, text in fields.items()}
        )

    def post(
        self, text: str, author: str = "Ada", key: str | None = None, stream: str = "demo", parent: str | None = None
    ) -> tuple[int, Any]:
        fields = {"Idempotency_Key": key} if key else {}
        body = {"text": text} | ({"parent_id": parent} if parent else {})
        status, answer, _ = self.ask("POST", f"/v1/streams/{stream}/comments", body, user=author, **fields)
        return status, answer

    def history(self, stream: str = "demo") -> list[dict[str, Any]]:
        """Everything in the stream, oldest first, walked by cursor."""
        comments: list[dict[str, Any]] = []
        query = "limit=200"
        while True:
            _, page, _ = self.request("GET", f"/v1/streams/{stream}/comments?{query}")
            comments = page["items"] + comments
            if not page["has_more"]:
                return comments
            query = f"limit=200&before={page['prev_cursor']}"

    def viewers(self) -> int:
        """How many have joined; -1 while the log does not answer."""
        return int(self.request("GET", "/readyz")[1].get("viewers", -1))

    def watched(self, viewers: int = 1) -> None:
        """Wait until so many are there: who is let in joins a moment later, and misses what is posted before."""
        eventually(lambda: self.viewers() == viewers, f"{viewers} have joined, and nobody else is there")


class EdgeProcess(ServerProcess):
    """`python -m reference_impl edge`, with the secret of the API's data directory."""

    command = "edge"


@pytest.fixture
def start_edge(tmp_path):
    """Start edges of servers on this test's data directory; all of them are ended afterwards."""
    started = []

    def start(*servers: ServerProcess, options: tuple[str, ...] = (), **settings: Any) -> EdgeProcess:
        apis = [part for server in servers for part in ("--api", server.url)]
        started.append(EdgeProcess(tmp_path / "data", *apis, *options, **settings))
        return started[-1]

    yield start
    for edge in started:
        edge.end()


@pytest.fixture
def start_server(tmp_path):
    """Start servers on this test's data directory; all of them are ended afterwards."""
    started = []

    def start(*options: str, **settings: Any) -> ServerProcess:
        started.append(ServerProcess(tmp_path / "data", "--rate-burst", "100000", *options, **settings))
        return started[-1]

    yield start
    for server in started:
        server.end()


@pytest.fixture
def follow():
    """Open followers; all of them are closed afterwards."""
    opened = []

    def open_(process, **options):
        opened.append(Follower(process.port, **options))
        return opened[-1]

    yield open_
    for each in opened:
        each.close()


@pytest.fixture
def redis_of():
    """Start Redis servers with these options; all of them end with the test."""
    with redis_servers() as start:
        yield start


_streams = itertools.count()


@pytest.fixture
def stream():
    """The name of a stream that no other test has."""
    return f"stream{next(_streams)}"
