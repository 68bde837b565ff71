"""The server's settings: defaults, overridden by ``LIVECOMMENTS_…`` variables, overridden by command-line options."""

from enum import Enum
from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import Field, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from reference_impl.policy.backpressure import Ending
from reference_impl.policy.partitioning import PARTITIONS_MAX, Partitioning
from reference_impl.protocol.streams import Action, Display

LOOPBACK = {"127.0.0.1", "::1", "localhost"}


CacheAddress = Annotated[str, Field(pattern=r"^https?://[^/\s]+/?$")]
ApiAddress = CacheAddress


class LogMode(Enum):
    """What has a comment when it is acknowledged."""

    LOG_FIRST = "log-first"  # the log in SQL
    HOT_FIRST = "hot-first"  # Redis, from which it is archived in SQL


class RecentWrites(Enum):
    """When a comment is brought into the cache of newest comments."""

    THROUGH = "through"  # before its author is answered
    BEHIND = "behind"  # soon after


class RecentPart(Enum):
    """What the cache of newest comments has against crowds and outages; left out, one sees what it is for."""

    SINGLE_FLIGHT = "single-flight"
    COPIES = "copies"
    WARMING = "warming"
    BREAKER = "breaker"


class Delivery(Enum):
    """How comments reach a viewer's socket."""

    RAW = "raw"  # straight to the transport
    PLAIN = "plain"  # sse-starlette with a queue per viewer


class BatchSending(Enum):
    """Whether a fan-out's system calls are made from C."""

    AUTO = "auto"  # where a compiler is there
    OFF = "off"


class Mode(Enum):
    """Who is believed to be whom."""

    DEVELOPMENT = "development"  # access tokens for the asking, streams made when first asked for
    PRODUCTION = "production"  # access tokens signed elsewhere, streams made by those who may


class Settings(BaseSettings):
    """Read once, in the command line; everything else is handed what it needs."""

    model_config = SettingsConfigDict(env_prefix="LIVECOMMENTS_", frozen=True, extra="forbid")

    host: str = "127.0.0.1"
    port: int = Field(8080, ge=0, le=65535)
    data: Path = Path("data")
    log: str = Field("", pattern="^(sqlite:///.+|postgresql://.+|)$")  # empty: SQLite in the data directory
    partitions: int | None = Field(None, ge=1, le=PARTITIONS_MAX)  # of a new log; None: as many as it has, else one
    partitioning: Partitioning = Partitioning.BY_STREAM
    split_per_s: float = Field(500.0, gt=0)  # comments of a stream, past which hot_split spreads it
    log_mode: LogMode = LogMode.LOG_FIRST
    hot: str = ""  # with hot-first: the Redis that acknowledges comments
    hot_replicas: int = Field(0, ge=0, le=9)  # of it that must have a comment before it is acknowledged
    workers: str = ""  # a Redis with queues of work for `worker` processes; empty: this one does it all
    recent: str = ""  # a Redis with the newest comments of streams, for pages; empty: they come from the log
    recent_writes: RecentWrites = RecentWrites.THROUGH
    recent_age_s: float = Field(10.0, ge=0.1, le=3600)  # after which a window of newest comments is made anew
    recent_without: tuple[RecentPart, ...] = ()
    log_deadline_s: float = Field(2.0, gt=0)  # of a call of the log, with its waiting and retries
    breaker: bool = True  # False: a log that does not answer is asked all the same, and every call waits in vain
    ladder: bool = True  # False: nothing is left out, however much there is to do
    lag_max_ms: float = Field(500.0, gt=0)  # of the event loop, from where on there is too much to do
    broker: str = ""  # a Redis that brings other processes' comments; empty: there are none
    mode: Mode = Mode.DEVELOPMENT
    jwks: str = ""  # in production: address or file of the keys that sign access tokens
    token_audience: str = "livecomments"
    token_issuer: str | None = None
    scorer: str = Field("", pattern="^(https?://.+|)$")  # says how likely a text is harmful; empty: the rules alone
    scorer_timeout_ms: float = Field(200.0, ge=1, le=5_000)  # of one question
    scorer_fallback: Action = Action.ALLOW  # of a comment without a score
    scorer_waits: bool = True  # False: a comment is out at once, and taken back if its score says so
    delivery: Delivery = Delivery.RAW
    window_ms: float = Field(20.0, ge=0, le=10_000)
    display: Display = Display.READABLE  # of new streams that do not say otherwise
    slow_viewer: Ending = Ending.DISCONNECT
    queue_bytes: int = Field(256 * 1024, ge=1024)  # of one slow viewer
    edge_queue_bytes: int = Field(64 * 1024 * 1024, ge=1024)  # of all of them together
    viewers_max: int = Field(50_000, ge=1)
    address_viewers_max: int = Field(200, ge=1)
    joins_per_s: int = Field(2_000, ge=1)
    heartbeat_s: float = Field(15.0, ge=0.1, le=60)
    drain_per_s: float = Field(500.0, gt=0)  # viewers sent away in a second when the server ends
    batch_send: BatchSending = BatchSending.AUTO
    reuse_port: bool = False
    rate_burst: int = Field(11, ge=1)
    rate_period_s: float = Field(30.0, gt=0)
    address_burst: int = Field(330, ge=1)  # changes that one address may send at once: thirty users behind one
    cors_origins: tuple[str, ...] = ()  # pages of other sites that may embed the comments, as https://example.org
    caches: tuple[CacheAddress, ...] = ()  # in front of this server, to be told what they must not keep
    trusted_proxies: str = ""  # addresses whose X-Forwarded-For is believed, comma-separated
    measure: Path | None = None
    log_level: str = Field("info", pattern="^(debug|info|warning|error)$")

    @model_validator(mode="after")
    def _guarded(self) -> Self:
        """Development gives a token to anybody, so it stays on this machine unless it was asked for by name."""
        if (self.log_mode is LogMode.HOT_FIRST) != bool(self.hot):
            raise ValueError("--log-mode hot-first and --hot redis://… go together: the one needs the other")
        if self.hot_replicas and self.hot.startswith("redis+cluster:"):
            raise ValueError("hot-replicas waits on one connection, which a cluster does not have: use Sentinel")
        if self.mode is Mode.PRODUCTION and not self.jwks:
            raise ValueError("production needs --jwks, the keys that sign access tokens")
        if self.mode is Mode.DEVELOPMENT and self.host not in LOOPBACK and "mode" not in self.model_fields_set:
            raise ValueError(
                f"host {self.host} lets others in, and development mode gives everybody a token: "
                "say --mode production --jwks … or, if you mean it, --mode development"
            )
        return self

    @property
    def log_url(self) -> str:
        return self.log or f"sqlite:///{self.data / 'comments.sqlite'}"


class EdgeSettings(Settings):
    """Of an edge: where the API is, and with what token it asks there."""

    api: tuple[ApiAddress, ...] = ()  # equal processes on the same log
    token_file: Path | None = None  # of the service token; in development it is signed with the secret in the data

    @model_validator(mode="after")
    def _trusted(self) -> Self:
        if not self.api:
            raise ValueError("an edge needs --api http://…, the server whose comments it serves")
        if self.mode is Mode.PRODUCTION and self.token_file is None:
            raise ValueError("an edge in production needs --token-file, with a token that has the role 'edge' on '*'")
        return self


class WorkerSettings(Settings):
    """Of a worker: where its work is, and how long it may be silent. With ``hot`` the log is a hot-first one."""

    lease_s: float = Field(3.0, ge=0.1, le=60)

    @model_validator(mode="before")
    @classmethod
    def _told(cls, given: dict[str, Any]) -> dict[str, Any]:
        return given | {"log_mode": LogMode.HOT_FIRST} if given.get("hot") else given

    @model_validator(mode="after")
    def _employed(self) -> Self:
        if not self.workers:
            raise ValueError("a worker needs --workers redis://…, where its work is")
        if self.partitions not in (None, 1):
            raise ValueError("workers need a log in one piece, and this one is to be split")
        return self
