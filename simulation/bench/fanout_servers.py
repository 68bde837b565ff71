"""The servers of the fan-out benchmark, each started on the server's core and published to over HTTP.

livecomments              this project, fan-outs written from C where that can be compiled
livecomments-python       the same with `--batch-send off`
sse-starlette             this project with `--delivery plain`: a queue, a task and an encoding per viewer
floor                     a bare C loop of send() (native/floor.c)
nchan                     nginx with the Nchan module
socket.io                 on Node.js
"""

import asyncio
import os
import shutil
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import orjson
from websockets.frames import Frame as WireFrame
from websockets.frames import Opcode

from reference_impl.compiled import NotCompiled, compiled
from reference_impl.protocol.sse import chunk
from simulation.engines import processes, with_parent
from simulation.engines.api_client import gateway_token, open_stream
from simulation.engines.ports import free_port

NATIVE = Path(__file__).parent / "native"
PEERS = Path(__file__).parent / "peers"
STREAM = "bench"
UNLIMITED = ["--rate-burst", "1000000", "--rate-period-s", "1", "--joins-per-s", "1000000"]
WEBSOCKET_HEAD = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n"
SSE_HEAD = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
UPGRADE = (
    "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
    "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"
)
CONNECT = os.fsdecode(b"\x81\x82\x01\x02\x03\x0452")  # "40" of socket.io, masked without a byte of 0
NCHAN_MODULE = "/usr/lib/nginx/modules/ngx_nchan_module.so"
SETTLE_S = 10.0


class Absent(Exception):  # noqa: N818 - named for what the caller meets
    """The peer is not installed; the message says how to get it."""


@dataclass(frozen=True, slots=True)
class Running:
    """A server that runs: how viewers connect to it, and what publishes texts of ``frame_bytes`` on the wire."""

    pid: int
    port: int
    request: bytes
    publication: Callable[[Sequence[str]], bytes]  # one HTTP request that publishes these comments
    first_send: str = "-"
    batch_max: int = 500  # comments in one publication


def http(method: str, path: str, body: bytes = b"", *fields: str) -> bytes:
    head = [f"{method} {path} HTTP/1.1", "Host: bench", *fields, *([f"Content-Length: {len(body)}"] if body else [])]
    return "\r\n".join([*head, "", ""]).encode() + body


def padded(text: str, size: int) -> str:
    return text.ljust(size, "x")


@asynccontextmanager
async def livecomments(
    transport: str, window_ms: float, core: set[int] | None, *options: str
) -> AsyncIterator[Running]:
    """Its heartbeats are far apart: the load answers no ping, and a viewer that misses two is let go."""
    with TemporaryDirectory(prefix="livecomments-bench-") as data:
        arguments = ["--port", "0", "--data", data, "--window-ms", f"{window_ms:g}", "--heartbeat-s", "60", *UNLIMITED]
        async with processes.server([*arguments, *options], core) as (url, pid):
            token = await gateway_token(url)
            await open_stream(url, STREAM, token)

            def publication(texts: Sequence[str]) -> bytes:
                comments = [{"text": text, "author": {"id": "ada"}} for text in texts]
                body = orjson.dumps({"comments": comments, "trusted": True})
                fields = (f"Authorization: Bearer {token}", "Content-Type: application/json")
                return http("POST", f"/v1/streams/{STREAM}/comments:batch", body, *fields)

            path = f"/v1/streams/{STREAM}/{'events' if transport == 'sse' else 'websocket'}"
            request = http("GET", path, b"", *([] if transport == "sse" else [UPGRADE.strip()]))
            yield Running(pid, int(url.rpartition(":")[2]), request, publication)


@asynccontextmanager
async def floor(transport: str, window_ms: float, core: set[int] | None, frame_bytes: int) -> AsyncIterator[Running]:
    """Its frames have the size that ours have."""
    try:
        program = compiled(NATIVE / "floor.c")
    except NotCompiled as error:
        raise Absent(f"the floor needs a C compiler: {error}") from error
    head = program.with_name(f"head-{transport}")
    head.write_text(SSE_HEAD if transport == "sse" else WEBSOCKET_HEAD)

    def frame(text: str) -> bytes:
        if transport == "sse":
            return chunk(padded(f"event: comment\ndata: {text}", frame_bytes - 9) + "\n\n")
        return WireFrame(Opcode.TEXT, padded(text, frame_bytes - 4).encode()).serialize(mask=False)

    async with _spoken(core, str(program), f"{window_ms:g}", str(head)) as (pid, port):
        yield Running(pid, port, http("GET", "/"), lambda texts: http("POST", "/", b"".join(map(frame, texts))))


@asynccontextmanager
async def nchan(_transport: str, _window_ms: float, core: set[int] | None, frame_bytes: int) -> AsyncIterator[Running]:
    if shutil.which("nginx") is None or not _is_there(NCHAN_MODULE):
        raise Absent("nchan is not installed: apt-get install libnginx-mod-nchan")
    with TemporaryDirectory(prefix="livecomments-bench-") as name:
        async with _nginx(Path(name), core) as (pid, port):
            overhead = len("id: 1700000000:0\ndata: \n\n")
            yield Running(
                pid, port, http("GET", "/sub", b"", "Accept: text/event-stream"),
                lambda texts: http("POST", "/pub", padded(texts[0], frame_bytes - overhead).encode()), batch_max=1,
            )  # fmt: skip


@asynccontextmanager
async def _nginx(scratch: Path, core: set[int] | None) -> AsyncIterator[tuple[int, int]]:
    port = free_port()
    (scratch / "nginx.conf").write_text(_NGINX.format(module=NCHAN_MODULE, port=port, pid=scratch / "pid"))
    command = ["nginx", "-p", str(scratch), "-c", str(scratch / "nginx.conf"), "-e", "stderr"]
    process = await asyncio.create_subprocess_exec(*with_parent.program(command), start_new_session=True)
    try:
        pid = await _worker_of(process.pid)
        processes.pin(pid, core)
        yield pid, port
    finally:
        await processes.stop(process)


def _is_there(file: str) -> bool:
    return Path(file).exists()


@asynccontextmanager
async def socketio(
    _transport: str, _window_ms: float, core: set[int] | None, frame_bytes: int, modules: Path | None
) -> AsyncIterator[Running]:
    if shutil.which("node") is None or modules is None or not _is_there(f"{modules}/node_modules/socket.io"):
        raise Absent("socket.io is not installed: npm install socket.io in a folder, and name it with --socketio")
    environment = os.environ | {"NODE_PATH": str(modules / "node_modules")}
    async with _spoken(core, "node", str(PEERS / "socketio_server.js"), environment=environment) as (pid, port):
        path = "/socket.io/?EIO=4&transport=websocket"
        yield Running(
            pid, port, http("GET", path, b"", UPGRADE.strip()),
            lambda texts: http("POST", "/", padded(texts[0], frame_bytes - 20).encode()), CONNECT, batch_max=1,
        )  # fmt: skip


@asynccontextmanager
async def _spoken(
    core: set[int] | None, *command: str, environment: dict[str, str] | None = None
) -> AsyncIterator[tuple[int, int]]:
    """A process that tells its port on its first line."""
    process = await asyncio.create_subprocess_exec(
        *with_parent.program(command), stdout=PIPE, env=environment, start_new_session=True
    )
    try:
        processes.pin(process.pid, core)
        assert process.stdout is not None
        line = await asyncio.wait_for(process.stdout.readline(), SETTLE_S)
        if not line.strip().isdigit():
            raise processes.ProcessError(f"{command[0]} did not start")
        yield process.pid, int(line)
    finally:
        with suppress(ProcessLookupError):
            process.kill()
        await process.wait()


async def _worker_of(master: int) -> int:
    """nginx serves in a child of its own."""
    for _ in range(200):
        children = _children(master)
        if children:
            return children[0]
        await asyncio.sleep(0.05)
    raise processes.ProcessError("nginx did not start")


def _children(pid: int) -> list[int]:
    with suppress(OSError):
        return list(map(int, Path(f"/proc/{pid}/task/{pid}/children").read_text().split()))
    return []


_NGINX = """load_module {module};
worker_processes 1; daemon off; pid {pid}; error_log stderr crit;
user root;
events {{ worker_connections 30000; }}
http {{
  access_log off; nchan_max_reserved_memory 64m; keepalive_requests 1000000;
  client_body_buffer_size 64k;
  server {{
    listen 127.0.0.1:{port} backlog=4096;
    location = /sub {{ nchan_subscriber; nchan_channel_id bench; nchan_subscriber_first_message newest; }}
    location = /pub {{ nchan_publisher; nchan_channel_id bench; nchan_message_buffer_length 1000; }}
  }}
}}
"""
