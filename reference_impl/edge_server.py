"""Runs an edge: viewers of any stream, on events from the broker and what the API tells."""

import socket

import structlog
import uvloop

from reference_impl.api.app import build_edge_app
from reference_impl.config import EdgeSettings
from reference_impl.edge_wiring import edge_running
from reference_impl.server import answer

log = structlog.get_logger(__name__)


def serve_edge(settings: EdgeSettings, sock: socket.socket) -> None:
    """Serve viewers until a signal. LogUnavailable says why it cannot start."""
    uvloop.run(_serve(settings, sock))
    log.info("stopped")


async def _serve(settings: EdgeSettings, sock: socket.socket) -> None:
    async with edge_running(settings) as parts:
        await answer(parts, build_edge_app(parts, settings), settings, sock)
