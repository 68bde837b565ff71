"""Runs the application under uvicorn: socket, signals, and an end in the right order."""

import asyncio
import gc
import signal
import socket
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import structlog
import uvicorn
import uvloop
from starlette.types import ASGIApp

from reference_impl.api.app import build_app
from reference_impl.api.deps import ViewerParts
from reference_impl.config import Mode, Settings
from reference_impl.policy.reconnect import DrainConfig
from reference_impl.transports.handover import HandoverProtocol
from reference_impl.wiring import running, signer

BACKLOG = 4096  # connections waiting to be accepted: a crowd comes at once
COLLECT_EVERY = 5_000  # objects made and not freed; a collection of so many takes some 5 ms
SWITCH_S = 0.0005  # the log's thread waits so long for the interpreter, at each statement, behind a fan-out
FAREWELL_S = 1.0  # time for the last viewers to take their leave
GRACE_S = 10  # time for requests in progress when the server stops

log = structlog.get_logger(__name__)


class Server(uvicorn.Server):
    """uvicorn, ending with status 0 on SIGINT and SIGTERM, and letting viewers go before it waits for requests."""

    def __init__(self, config: uvicorn.Config, parts: ViewerParts, drain: DrainConfig, *, successor: bool) -> None:
        super().__init__(config)
        self._parts = parts
        self._drain = drain
        self._successor = successor

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, self.handle_exit, number, None)
        yield

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        log.info("stopping", viewers=self._parts.hub.viewers)
        if self._successor:  # from here on it gets the connections; otherwise a balancer is to see that we drain
            for server in self.servers:
                server.close()
        await self._send_viewers_away()
        self._parts.hub.close()
        await self._until(lambda: not self._parts.connections.viewers, FAREWELL_S)
        await super().shutdown(sockets)

    async def _send_viewers_away(self) -> None:
        """Each at its slot; a second signal ends that."""
        drain = asyncio.create_task(self._parts.hub.drain(self._drain))
        await self._until(drain.done, 2 * self._drain.drain_max_s)
        drain.cancel()

    async def _until(self, done: Callable[[], bool], seconds: float) -> None:
        until_s = self._parts.clock() + seconds
        while not (done() or self.force_exit or self._parts.clock() >= until_s):  # noqa: ASYNC110 - signals too
            await asyncio.sleep(0.01)


def bind(host: str, port: int, *, reuse_port: bool = False) -> socket.socket:
    """Take the address; OSError says why it cannot be had. ``reuse_port`` shares it with others who said so too."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    sock = socket.socket(family)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if reuse_port:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    try:
        sock.bind((host, port))
    except OSError:
        sock.close()
        raise
    return sock


def serve(settings: Settings, sock: socket.socket) -> None:
    """Serve until a signal; what has been acknowledged is in the log. LogUnavailable says why it cannot start."""
    uvloop.run(_serve(settings, sock))
    log.info("stopped")


def _calm_collector() -> None:
    """Have the cycle collector look at what is new, and seldom.

    The program itself never goes away, and comments under way are no cycles; going through all of them every few
    hundred objects was half of what a post cost, and the pauses were its slowest answers.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(COLLECT_EVERY, 20, 100)


async def _serve(settings: Settings, sock: socket.socket) -> None:
    async with running(settings) as parts:
        await answer(parts, build_app(parts, settings, signer(settings)), settings, sock)


async def answer(parts: ViewerParts, app: ASGIApp, settings: Settings, sock: socket.socket) -> None:
    """Answer requests until a signal, and let the viewers go in order."""
    sys.setswitchinterval(SWITCH_S)
    _calm_collector()
    config = uvicorn.Config(
        app,
        http=HandoverProtocol,
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=bool(settings.trusted_proxies),
        forwarded_allow_ips=settings.trusted_proxies or None,
        backlog=BACKLOG,
        timeout_graceful_shutdown=GRACE_S,
    )
    drain = DrainConfig(per_s=settings.drain_per_s)
    server = Server(config, parts, drain, successor=settings.reuse_port)
    address = sock.getsockname()
    sock.listen(BACKLOG)  # from here on a client that connects is served, so the address may be told
    with server.capture_signals():  # whoever reads the address may already ask for the end
        log.info("listening", url=f"http://{address[0]}:{address[1]}", data=str(settings.data))
        if settings.mode is Mode.DEVELOPMENT:
            log.info("development_mode", meaning="everybody gets an access token for the asking")
        await server.serve(sockets=[sock])
