"""The server's command line: ``python -m reference_impl serve``."""

import asyncio
import os
import signal
from contextlib import suppress
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer
from pydantic import ValidationError

from reference_impl.config import BatchSending, Delivery, Mode, Settings
from reference_impl.observability.logs import configure_logs
from reference_impl.policy.backpressure import Ending
from reference_impl.ports import LogUnavailable
from reference_impl.protocol.streams import Display
from reference_impl.server import bind
from reference_impl.server import serve as run_server
from reference_impl.wiring import check_addresses, embedded, migrate_tables

LOG_HELP = "Engine of the log: sqlite:///FILE or postgresql://USER@HOST/NAME. [default: SQLite in the data directory]"
BROKER_HELP = "Redis that joins servers on one log: redis://…, redis+cluster://… or redis+sentinel://…. [default: none]"

app = typer.Typer(
    help="The live-comment server.", no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False
)


@app.command()
def serve(
    host: Annotated[str | None, typer.Option(help="Address to listen on. [default: 127.0.0.1]")] = None,
    port: Annotated[int | None, typer.Option(help="Port; 0 takes a free one. [default: 8080]")] = None,
    data: Annotated[Path | None, typer.Option(help="Directory of the log. [default: data]")] = None,
    log: Annotated[str | None, typer.Option(help=LOG_HELP)] = None,
    broker: Annotated[str | None, typer.Option(help=BROKER_HELP)] = None,
    mode: Annotated[Mode | None, typer.Option(help="development: tokens for all; production needs --jwks.")] = None,
    jwks: Annotated[str | None, typer.Option(help="Address or file of the keys that sign access tokens.")] = None,
    delivery: Annotated[
        Delivery | None, typer.Option(help="raw: straight to the socket; plain: a queue per viewer. [default: raw]")
    ] = None,
    window_ms: Annotated[
        float | None, typer.Option(help="Coalescing window; 0 sends each comment at once. [default: 20]")
    ] = None,
    display: Annotated[
        Display | None,
        typer.Option(help="What new streams show: readable (5/s), crowd (20/s), all. [default: readable]"),
    ] = None,
    slow_viewer: Annotated[
        Ending | None, typer.Option(help="What happens to a viewer whose queue is full. [default: disconnect]")
    ] = None,
    queue_bytes: Annotated[int | None, typer.Option(help="Queue of one slow viewer. [default: 262144]")] = None,
    viewers_max: Annotated[int | None, typer.Option(help="Viewers at a time. [default: 50000]")] = None,
    address_viewers_max: Annotated[int | None, typer.Option(help="Of one address. [default: 200]")] = None,
    joins_per_s: Annotated[int | None, typer.Option(help="Viewers that may join in a second. [default: 2000]")] = None,
    heartbeat_s: Annotated[float | None, typer.Option(help="Between two heartbeats. [default: 15]")] = None,
    drain_per_s: Annotated[
        float | None, typer.Option(help="Viewers sent away in a second when the server ends. [default: 500]")
    ] = None,
    batch_send: Annotated[
        BatchSending | None, typer.Option(help="auto: a fan-out is written from C where that can be compiled.")
    ] = None,
    reuse_port: Annotated[
        bool | None, typer.Option("--reuse-port", help="Let the next server listen on the port before this one ends.")
    ] = None,
    rate_burst: Annotated[int | None, typer.Option(help="Comments an author may post at once. [default: 11]")] = None,
    rate_period_s: Annotated[float | None, typer.Option(help="Time in which they come back. [default: 30]")] = None,
    cors_origins: Annotated[
        list[str] | None, typer.Option("--cors-origin", help="A site whose pages may embed the comments; repeatable.")
    ] = None,
    caches: Annotated[
        list[str] | None, typer.Option("--cache", help="Address of a cache in front, to be purged; repeatable.")
    ] = None,
    measure: Annotated[Path | None, typer.Option(help="Write the time of every stage to this CSV file.")] = None,
    log_level: Annotated[str | None, typer.Option(help="debug, info, warning or error. [default: info]")] = None,
) -> None:
    """Serve comments until Ctrl-C. Every option can also be set as LIVECOMMENTS_… in the environment."""
    settings = _settings({name: value for name, value in locals().items() if value is not None})
    configure_logs(settings.log_level)
    try:
        sock = bind(settings.host, settings.port, reuse_port=settings.reuse_port)
    except OSError as error:
        fail(
            f"cannot listen on {settings.host}:{settings.port}: {os.strerror(error.errno or 0)}; choose another --port"
        )
    try:
        run_server(settings, sock)
    except LogUnavailable as error:
        fail(str(error))


@app.command()
def redis(
    data: Annotated[Path, typer.Option(help="Where it runs.")] = Path("data"),
) -> None:
    """Run a Redis for the servers of this machine until Ctrl-C: an installed one, or one out of a Python package."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        server = embedded.start(data)
    except embedded.NoRedis as error:
        fail(str(error))
    typer.echo(f"{server.kind} listening url={server.url}", err=True)
    with suppress(KeyboardInterrupt):
        server.process.wait()
    server.stop()


@app.command()
def migrate(
    data: Annotated[Path | None, typer.Option(help="Directory of the log. [default: data]")] = None,
    log: Annotated[str | None, typer.Option(help=LOG_HELP)] = None,
) -> None:
    """Bring the log's tables to this version. An embedded file is brought there whenever it is opened."""
    settings = _settings({name: value for name, value in locals().items() if value is not None})
    try:
        before, after = asyncio.run(migrate_tables(settings))
    except LogUnavailable as error:
        fail(str(error))
    typer.echo(f"the tables are at {after}" + ("" if before == after else f", they were at {before or 'none'}"))


def _settings(given: dict[str, object]) -> Settings:
    try:
        settings = Settings(**given)  # type: ignore[arg-type]
        check_addresses(settings)
    except ValidationError as error:
        fail("; ".join(map(_explain, error.errors())))
    except ValueError as error:
        fail(str(error))
    return settings


def _explain(error: Any) -> str:
    if not error["loc"]:  # about several settings together
        return str(error["msg"]).removeprefix("Value error, ")
    return f"{'.'.join(map(str, error['loc']))}: {error['msg']}, got {error['input']!r}"


def fail(message: str) -> NoReturn:
    typer.echo(f"livecomments: {message}", err=True)
    raise typer.Exit(1)


def main() -> None:
    app()
