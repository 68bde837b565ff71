"""The command `docs`: builds the site and shows it."""

import errno
import signal
from contextlib import suppress
from http.server import ThreadingHTTPServer
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from reference_impl.failing import fail
from simulation import console as screen
from simulation.command import ENDS, ended_in_order
from simulation.docs.serving import HOST, listening
from simulation.docs.site import SITE, SiteError, build


def docs(
    *,
    build_only: Annotated[bool, typer.Option("--build-only", help="Build it, and do not serve it.")] = False,
    output: Annotated[
        Path, typer.Option(metavar="DIRECTORY", help="Where the site is built; emptied first.", show_default="site")
    ] = SITE,
    port: Annotated[int, typer.Option(min=0, max=65535, help="Where it is served; 0 is a free port.")] = 8000,
) -> None:
    """Build the site of lessons, reports and reference, and serve it to this machine until Ctrl-C.

    What is served is what was built, where any warning is an error. (MkDocs' own server would build pages anew as they
    change, and let warnings pass: `python -m mkdocs serve` is there for writing.)
    """
    # Before the build: half a minute is a long time to be told that a port is taken.
    server = None if build_only else _listening(output, port)
    console = Console()
    try:
        with ended_in_order(), screen.step(console, "building the site"):
            build(output)
    except SiteError as error:
        fail(str(error))
    if server is None:
        console.print(str(output), highlight=False, soft_wrap=True)
        return
    _serve(server, console)


def _listening(output: Path, port: int) -> ThreadingHTTPServer:
    try:
        return listening(output, port)
    except OSError as error:
        if error.errno != errno.EADDRINUSE:
            raise
        fail(f"port {port} is in use: end the program that has it, or give another one, --port {port + 1 & 0xFFFF}")


def _serve(server: ThreadingHTTPServer, console: Console) -> None:
    """Until Ctrl-C, SIGTERM or a closed terminal, which are how one is meant to end it."""
    for number in ENDS:
        signal.signal(number, signal.default_int_handler)
    with suppress(KeyboardInterrupt):  # whoever reads the address may end it at once
        console.print(f"http://{HOST}:{server.server_port}/ (Ctrl-C to end)", highlight=False, soft_wrap=True)
        server.serve_forever()
    server.server_close()
