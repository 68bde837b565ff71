"""The frozen description of one experiment, read from TOML or JSON, run by both engines."""

import json
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, Self

from pydantic import Field, ValidationError, model_validator

from reference_impl.policy.backpressure import Ending
from simulation import faults
from simulation.faults import AnyFault
from simulation.topology import Part

TRACES = Path(__file__).parent / "traces"
SCENARIOS = Path(__file__).parent / "scenarios"
SUFFIXES = (".toml", ".json")
MEMORY = "/dev/shm"


class ScenarioError(Exception):
    """The scenario cannot be used; the message names what was seen and what is allowed."""


class Audience(Part):
    """Who watches; ``polling`` of them are not pushed to, but ask once every ``poll_s``."""

    viewers: int = Field(default=200, ge=1, le=100_000)
    polling: int = Field(default=0, ge=0, le=100_000)
    poll_s: float = Field(default=1.0, gt=0, le=3_600)

    @property
    def pushed(self) -> int:
        return max(0, self.viewers - self.polling)


class Workload(Part):
    """What is posted: a recorded chat, replayed faster or slower, from its start again when it ends.

    With ``rate_per_s`` its texts come at random at that rate, each by an author of its own.
    """

    trace: str = "twitch-a.jsonl"  # a file, or the name of a shipped one
    speed: float = Field(default=10.0, gt=0, le=1_000)
    rate_per_s: float | None = Field(
        default=None, gt=0, le=100_000
    )  # Poisson arrivals of its texts instead of its times


class System(Part):
    """How the server is set up; the defaults are the server's own."""

    delivery: Literal["raw", "plain"] = "raw"
    storage: Literal["disk", "memory"] = "disk"  # where the log is; a disk's own moods are left out in memory
    window_ms: float = Field(default=20.0, ge=0, le=10_000)
    edges: int = Field(default=0, ge=0, le=8)  # processes for the viewers; 0: the server alone
    slow_viewer: Ending = Ending.DISCONNECT
    queue_bytes: int = Field(default=256 * 1024, ge=1024)  # of a slow viewer, before its ending
    rate_burst: int = Field(default=11, ge=1)
    rate_period_s: float = Field(
        default=30.0, gt=0
    )  # at the trace's own pace; a faster replay shortens it by its speed

    @property
    def folder(self) -> str | None:
        """Where the log's directory is made; None: where temporary files are."""
        return MEMORY if self.storage == "memory" and Path(MEMORY).is_dir() else None


class Scenario(Part):
    """One experiment: same arrivals, same policies, same audience, live and simulated."""

    name: str = Field(default="up", pattern=r"^[a-z0-9_-]{1,64}$")
    seed: int = Field(default=1, ge=0)
    duration_s: float = Field(default=60.0, ge=1, le=86_400)
    warm_up_s: float = Field(default=2.0, ge=0)  # of a short run at most its first fifth
    audience: Audience = Audience()
    workload: Workload = Workload()
    system: System = System()
    faults: tuple[AnyFault, ...] = ()

    @model_validator(mode="after")
    def _faults_can_be(self) -> Self:
        faults.check(self.faults, self.duration_s, self.system.edges, self.audience.polling)
        return self

    @property
    def timed_from_s(self) -> float:
        """Comments meant to be posted earlier are delivered and counted, but not timed."""
        return min(self.warm_up_s, self.duration_s / 5)

    @property
    def rate_period_s(self) -> float:
        """The author's rate period at the replay's speed, so that a fast replay is not taken for abuse."""
        return self.system.rate_period_s / max(1.0, self.workload.speed)

    def changed(self, changes: Mapping[str, Mapping[str, Any]]) -> "Scenario":
        """The same with other values: by part, "" for the scenario's own fields; ScenarioError names a bad one."""
        fields = self.model_dump()
        for part, values in changes.items():
            (fields[part] if part else fields).update(values)
        return make_scenario(fields, "options")


def load_scenario(source: str) -> Scenario:
    """Read a scenario from a TOML or JSON file, or a named one; ScenarioError says what is wrong with it."""
    path = Path(source) if Path(source).suffix in SUFFIXES else SCENARIOS / f"{source}.toml"
    try:
        text = path.read_text()
        fields = json.loads(text) if path.suffix == ".json" else tomllib.loads(text)
    except OSError as error:
        raise ScenarioError(
            f"cannot read the scenario {source}: {error.strerror}; named ones: {', '.join(named())}"
        ) from error
    except ValueError as error:
        raise ScenarioError(f"{path} is not {path.suffix[1:].upper()}: {error}") from error
    return make_scenario(fields, str(path))


def make_scenario(fields: object, source: str) -> Scenario:
    """Check a scenario's fields; ScenarioError names every bad one."""
    try:
        return Scenario.model_validate(fields)
    except ValidationError as error:
        reasons = "; ".join(map(_reason, error.errors()))
        raise ScenarioError(f"{source}: {reasons}") from error


def _reason(error: Any) -> str:
    if error["type"] == "value_error":  # of the whole, and says itself what it got
        return f"faults: {error['ctx']['error']}"
    return f"{'.'.join(map(str, error['loc']))}: {error['msg']}, got {error['input']!r}"


def named() -> list[str]:
    """The scenarios that come with this package."""
    return sorted(path.stem for path in SCENARIOS.glob("*.toml"))
