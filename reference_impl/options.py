"""The options of the commands; None is what the settings say."""

from pathlib import Path
from typing import Annotated

import typer

from reference_impl.config import BatchSending, Delivery, LogMode, Mode, RecentPart, RecentWrites
from reference_impl.policy.backpressure import Ending
from reference_impl.policy.partitioning import Partitioning
from reference_impl.protocol.streams import Action, Display

LOG_HELP = "Engine of the log: sqlite:///FILE or postgresql://USER@HOST/NAME. [default: SQLite in the data directory]"
PARTITIONS_HELP = "Databases of a new log, each with a writer of its own. [default: as many as it has, else 1]"
BROKER_HELP = "Redis that joins servers on one log: redis://…, redis+cluster://… or redis+sentinel://…. [default: none]"

Host = Annotated[str | None, typer.Option(help="Address to listen on. [default: 127.0.0.1]")]
Port = Annotated[int | None, typer.Option(help="Port; 0 takes a free one. [default: 8080]")]
Data = Annotated[Path | None, typer.Option(help="Directory of the log. [default: data]")]
LogUrl = Annotated[str | None, typer.Option(help=LOG_HELP)]
Partitions = Annotated[int | None, typer.Option(help=PARTITIONS_HELP)]
PartitioningOption = Annotated[
    Partitioning | None, typer.Option(help="Which partition takes a comment. [default: by_stream]")
]
SplitPerS = Annotated[
    float | None, typer.Option(help="Comments of a stream, past which hot_split spreads it. [default: 500]")
]
LogModeOption = Annotated[
    LogMode | None,
    typer.Option(help="log-first: in SQL before it is acknowledged; hot-first: in Redis, --hot. [default: log-first]"),
]
Hot = Annotated[str | None, typer.Option(help="Redis that acknowledges comments with --log-mode hot-first.")]
HotReplicas = Annotated[
    int | None, typer.Option(help="Replicas of it that must have a comment before it is acknowledged. [default: 0]")
]
Workers = Annotated[
    str | None, typer.Option(help="Redis with queues of work for `worker` processes. [default: the server does it all]")
]
Recent = Annotated[
    str | None, typer.Option(help="Redis that keeps the newest comments for pages of history. [default: the log alone]")
]
RecentWritesOption = Annotated[
    RecentWrites | None,
    typer.Option(help="Into that Redis before a comment is acknowledged (through), or after. [default: through]"),
]
RecentAgeS = Annotated[
    float | None, typer.Option(help="After which a stream's newest comments are read into it anew. [default: 10]")
]
RecentWithout = Annotated[
    list[RecentPart] | None,
    typer.Option("--recent-without", help="Leave a part of that cache out, to see what it is for; repeatable."),
]
Breaker = Annotated[
    bool | None,
    typer.Option("--breaker/--no-breaker", help="Leave a log alone that does not answer. [default: breaker]"),
]
LadderOption = Annotated[
    bool | None,
    typer.Option("--ladder/--no-ladder", help="Leave things out when there is too much to do. [default: ladder]"),
]
LagMaxMs = Annotated[
    float | None, typer.Option(help="How late the event loop may be before the ladder is climbed. [default: 500]")
]
Broker = Annotated[str | None, typer.Option(help=BROKER_HELP)]
ModeOption = Annotated[Mode | None, typer.Option(help="development: tokens for all; production needs --jwks.")]
Jwks = Annotated[str | None, typer.Option(help="Address or file of the keys that sign access tokens.")]
Scorer = Annotated[
    str | None, typer.Option(help="Address that says how likely a text is harmful: POST, JSON. [default: rules alone]")
]
ScorerTimeoutMs = Annotated[float | None, typer.Option(help="How long one question to it may take. [default: 200]")]
ScorerFallback = Annotated[
    Action | None, typer.Option(help="What happens to a comment without a score. [default: allow]")
]
ScorerWaits = Annotated[
    bool | None,
    typer.Option(
        "--scorer-waits/--scorer-behind", help="Comments wait for it, or are shown and judged behind. [default: waits]"
    ),
]
DeliveryOption = Annotated[
    Delivery | None, typer.Option(help="raw: straight to the socket; plain: a queue per viewer. [default: raw]")
]
WindowMs = Annotated[float | None, typer.Option(help="Coalescing window; 0 sends each comment at once. [default: 20]")]
DisplayOption = Annotated[
    Display | None,
    typer.Option(help="What new streams show: readable (5/s), crowd (20/s), all. [default: readable]"),
]
SlowViewer = Annotated[
    Ending | None, typer.Option(help="What happens to a viewer whose queue is full. [default: disconnect]")
]
QueueBytes = Annotated[int | None, typer.Option(help="Queue of one slow viewer. [default: 262144]")]
ViewersMax = Annotated[int | None, typer.Option(help="Viewers at a time. [default: 50000]")]
AddressViewersMax = Annotated[int | None, typer.Option(help="Of one address. [default: 200]")]
JoinsPerS = Annotated[int | None, typer.Option(help="Viewers that may join in a second. [default: 2000]")]
HeartbeatS = Annotated[float | None, typer.Option(help="Between two heartbeats. [default: 15]")]
DrainPerS = Annotated[
    float | None, typer.Option(help="Viewers sent away in a second when the server ends. [default: 500]")
]
BatchSend = Annotated[
    BatchSending | None, typer.Option(help="auto: a fan-out is written from C where that can be compiled.")
]
ReusePort = Annotated[
    bool | None, typer.Option("--reuse-port", help="Let the next server listen on the port before this one ends.")
]
RateBurst = Annotated[int | None, typer.Option(help="Comments an author may post at once. [default: 11]")]
RatePeriodS = Annotated[float | None, typer.Option(help="Time in which they come back. [default: 30]")]
CorsOrigins = Annotated[
    list[str] | None, typer.Option("--cors-origin", help="A site whose pages may embed the comments; repeatable.")
]
Caches = Annotated[
    list[str] | None, typer.Option("--cache", help="Address of a cache in front, to be purged; repeatable.")
]
Measure = Annotated[Path | None, typer.Option(help="Write the time of every stage to this CSV file.")]
LogLevel = Annotated[str | None, typer.Option(help="debug, info, warning or error. [default: info]")]
