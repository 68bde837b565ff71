"""The server's settings: defaults, overridden by ``LIVECOMMENTS_…`` variables, overridden by command-line options."""

from enum import Enum
from pathlib import Path

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from reference_impl.policy.backpressure import Ending


class Delivery(Enum):
    """How comments reach a viewer's socket."""

    RAW = "raw"  # straight to the transport
    PLAIN = "plain"  # sse-starlette with a queue per viewer


class Settings(BaseSettings):
    """Read once, in the command line; everything else is handed what it needs."""

    model_config = SettingsConfigDict(env_prefix="LIVECOMMENTS_", frozen=True, extra="forbid")

    host: str = "127.0.0.1"
    port: int = Field(8080, ge=0, le=65535)
    data: Path = Path("data")
    delivery: Delivery = Delivery.RAW
    window_ms: float = Field(20.0, ge=0, le=10_000)
    slow_viewer: Ending = Ending.DISCONNECT
    queue_bytes: int = Field(256 * 1024, ge=1024)
    rate_burst: int = Field(11, ge=1)
    rate_period_s: float = Field(30.0, gt=0)
    cors_origins: tuple[str, ...] = ()  # pages of other sites that may embed the comments, as https://example.org
    measure: Path | None = None
    log_level: str = Field("info", pattern="^(debug|info|warning|error)$")
