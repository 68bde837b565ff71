"""Serves a built site to this machine's browser."""

from functools import partial
from http import HTTPStatus
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

HOST = "127.0.0.1"


class _Pages(SimpleHTTPRequestHandler):
    """Files of the site, asked for anew each time, since the next build may have changed them."""

    protocol_version = "HTTP/1.1"

    def end_headers(self) -> None:
        self.send_header("Cache-Control", "no-cache")
        super().end_headers()

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        page = Path(self.directory) / "404.html"
        if code != HTTPStatus.NOT_FOUND or not page.is_file():
            super().send_error(code, message, explain)
            return
        body = page.read_bytes()
        self.send_response(code)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Nobody reads who asked for what."""


def listening(site: Path, port: int) -> ThreadingHTTPServer:
    """A server of that folder on a port of its own (0: a free one); OSError if the port is taken."""
    return ThreadingHTTPServer((HOST, port), partial(_Pages, directory=str(site)))
