"""The server's command line: ``python -m reference_impl serve``."""

import asyncio
import os
import signal
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from socket import socket
from typing import Annotated, Any, TypeVar

import typer
from pydantic import ValidationError

from reference_impl.config import EdgeSettings, Settings, WorkerSettings
from reference_impl.failing import fail
from reference_impl.interrupts import end_at_once, leave_alone
from reference_impl.observability.logs import configure_logs
from reference_impl.options import (
    AddressViewersMax,
    BatchSend,
    Breaker,
    Broker,
    Caches,
    CorsOrigins,
    Data,
    DeliveryOption,
    DisplayOption,
    DrainPerS,
    HeartbeatS,
    Host,
    Hot,
    HotReplicas,
    JoinsPerS,
    Jwks,
    LadderOption,
    LagMaxMs,
    LogLevel,
    LogModeOption,
    LogUrl,
    Measure,
    ModeOption,
    PartitioningOption,
    Partitions,
    Port,
    QueueBytes,
    RateBurst,
    RatePeriodS,
    Recent,
    RecentAgeS,
    RecentWithout,
    RecentWritesOption,
    ReusePort,
    Scorer,
    ScorerFallback,
    ScorerTimeoutMs,
    ScorerWaits,
    SlowViewer,
    SplitPerS,
    ViewersMax,
    WindowMs,
    Workers,
)
from reference_impl.ports import LogUnavailable
from reference_impl.server import bind
from reference_impl.server import serve as run_server
from reference_impl.wiring import check_addresses, embedded, migrate_tables

EDGE_BROKER_HELP = "Where events come from, the API's own --broker. [default: it asks the API ten times a second]"

app = typer.Typer(
    help="The live-comment server.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",  # or what stands in brackets is taken for markup, and left out
    context_settings={"help_option_names": ["-h", "--help"]},
)


@app.command()
def serve(
    host: Host = None,
    port: Port = None,
    data: Data = None,
    log: LogUrl = None,
    partitions: Partitions = None,
    partitioning: PartitioningOption = None,
    split_per_s: SplitPerS = None,
    log_mode: LogModeOption = None,
    hot: Hot = None,
    hot_replicas: HotReplicas = None,
    workers: Workers = None,
    recent: Recent = None,
    recent_writes: RecentWritesOption = None,
    recent_age_s: RecentAgeS = None,
    recent_without: RecentWithout = None,
    breaker: Breaker = None,
    ladder: LadderOption = None,
    lag_max_ms: LagMaxMs = None,
    broker: Broker = None,
    mode: ModeOption = None,
    jwks: Jwks = None,
    scorer: Scorer = None,
    scorer_timeout_ms: ScorerTimeoutMs = None,
    scorer_fallback: ScorerFallback = None,
    scorer_waits: ScorerWaits = None,
    delivery: DeliveryOption = None,
    window_ms: WindowMs = None,
    display: DisplayOption = None,
    slow_viewer: SlowViewer = None,
    queue_bytes: QueueBytes = None,
    viewers_max: ViewersMax = None,
    address_viewers_max: AddressViewersMax = None,
    joins_per_s: JoinsPerS = None,
    heartbeat_s: HeartbeatS = None,
    drain_per_s: DrainPerS = None,
    batch_send: BatchSend = None,
    reuse_port: ReusePort = None,
    rate_burst: RateBurst = None,
    rate_period_s: RatePeriodS = None,
    cors_origins: CorsOrigins = None,
    caches: Caches = None,
    measure: Measure = None,
    log_level: LogLevel = None,
) -> None:
    """Serve comments until Ctrl-C. Every option can also be set as LIVECOMMENTS_… in the environment."""
    settings = _settings({name: value for name, value in locals().items() if value is not None}, Settings)
    configure_logs(settings.log_level)
    _run(settings, lambda sock: run_server(settings, sock))


def _run(settings: Settings, server: Callable[[socket], None]) -> None:
    try:
        sock = bind(settings.host, settings.port, reuse_port=settings.reuse_port)
    except OSError as error:
        fail(
            f"cannot listen on {settings.host}:{settings.port}: {os.strerror(error.errno or 0)}; choose another --port"
        )
    try:
        server(sock)
    except LogUnavailable as error:
        fail(str(error))


@app.command()
def edge(
    api: Annotated[list[str] | None, typer.Option(help="Address of the API; repeatable, the next on failure.")] = None,
    broker: Annotated[str | None, typer.Option(help=EDGE_BROKER_HELP)] = None,
    host: Host = None,
    port: Port = None,
    data: Annotated[Path | None, typer.Option(help="Directory of the development secret. [default: data]")] = None,
    mode: ModeOption = None,
    jwks: Jwks = None,
    token_file: Annotated[
        Path | None, typer.Option(help="The edge's own token, with the role 'edge' on '*'; read again as it changes.")
    ] = None,
    delivery: DeliveryOption = None,
    window_ms: WindowMs = None,
    slow_viewer: SlowViewer = None,
    queue_bytes: QueueBytes = None,
    viewers_max: ViewersMax = None,
    address_viewers_max: AddressViewersMax = None,
    joins_per_s: JoinsPerS = None,
    heartbeat_s: HeartbeatS = None,
    drain_per_s: DrainPerS = None,
    reuse_port: ReusePort = None,
    cors_origins: CorsOrigins = None,
    measure: Measure = None,
    log_level: LogLevel = None,
) -> None:
    """Serve viewers of the comments of an API (`serve`), without a database; everything else is passed on to it."""
    settings = _settings({name: value for name, value in locals().items() if value is not None}, EdgeSettings)
    from reference_impl.edge_server import serve_edge  # it takes aiohttp, which the other commands do without

    configure_logs(settings.log_level)
    _run(settings, lambda sock: serve_edge(settings, sock))


@app.command()
def worker(
    workers: Workers = None,
    data: Data = None,
    log: LogUrl = None,
    hot: Hot = None,
    broker: Broker = None,
    caches: Caches = None,
    lease_s: Annotated[float | None, typer.Option(help="Silence after which others take over. [default: 3]")] = None,
    log_level: LogLevel = None,
) -> None:
    """Do what servers with the same --workers leave to others, until Ctrl-C; any number may share it."""
    settings = _settings({name: value for name, value in locals().items() if value is not None}, WorkerSettings)
    from reference_impl.worker_wiring import work_until_signal

    configure_logs(settings.log_level)
    try:
        work_until_signal(settings)
    except LogUnavailable as error:
        fail(str(error))


@app.command()
def redis(
    data: Annotated[Path, typer.Option(help="Where it runs.")] = Path("data"),
) -> None:
    """Run a Redis for the servers of this machine until Ctrl-C: an installed one, or one out of a Python package."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.default_int_handler)
    try:
        server = embedded.start(data)
    except embedded.NoRedis as error:
        fail(str(error))
    with suppress(KeyboardInterrupt):
        typer.echo(f"{server.kind} listening url={server.url}", err=True)  # whoever reads that may end it at once
        server.process.wait()
    server.stop()


@app.command()
def migrate(
    data: Data = None,
    log: LogUrl = None,
    partitions: Partitions = None,
) -> None:
    """Bring the log's tables to this version. An embedded file is brought there whenever it is opened."""
    settings = _settings({name: value for name, value in locals().items() if value is not None}, Settings)
    try:
        before, after = asyncio.run(migrate_tables(settings))
    except LogUnavailable as error:
        fail(str(error))
    typer.echo(f"the tables are at {after}" + ("" if before == after else f", they were at {before or 'none'}"))


S = TypeVar("S", bound=Settings)


def _settings(given: dict[str, object], kind: type[S]) -> S:
    try:
        settings = kind(**given)  # type: ignore[arg-type]
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


def main() -> None:
    end_at_once()
    try:
        app()
    finally:
        leave_alone()
