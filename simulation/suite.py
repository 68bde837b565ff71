"""The scenarios that the model was made with, and those that it is scored on (`suite.toml`)."""

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from simulation.scenario import Scenario, make_scenario

FILE = Path(__file__).with_suffix(".toml")
PARTS = ("training", "held_out", "held_out_again", "held_out_faults")


def suite(part: str, seconds: float | None = None) -> list[Scenario]:
    """The scenarios of a part, for as long as the suite says or ``seconds``; ScenarioError names a bad one."""
    found = tomllib.loads(FILE.read_text())[part]
    return [_scenario(fields, seconds or found["duration_s"]) for fields in found["scenarios"]]


def name_of(fields: Mapping[str, Any]) -> str:
    """What a scenario of the suite is called: its fields in short."""
    arrivals = f"{fields['rate_per_s']:g}s" if "rate_per_s" in fields else f"trace{fields['speed']:g}x"
    stop = f"-stop{fields['stop_s'] * 1000:g}ms" if "stop_s" in fields else ""
    befalls = "".join(f"-{fault['kind']}" for fault in fields.get("faults", ()))
    return f"v{fields['viewers']}-{arrivals}-w{fields['window_ms']:g}{stop}{befalls}"


def _scenario(fields: Mapping[str, Any], seconds: float) -> Scenario:
    faults = [{"kind": "stop", "lasts_s": fields["stop_s"]}] if "stop_s" in fields else fields.get("faults", [])
    return make_scenario({
        "name": name_of(fields),
        "duration_s": seconds,
        "audience": {"viewers": fields["viewers"]},
        "workload": {key: fields[key] for key in ("rate_per_s", "speed") if key in fields},
        "system": {"window_ms": fields["window_ms"], "storage": "memory"},
        "faults": [{"at_s": seconds / 2} | _shortened(fault, seconds / 4) for fault in faults],
    }, str(FILE))  # fmt: skip


def _shortened(fault: Mapping[str, Any], lasts_max_s: float) -> dict[str, Any]:
    """A short run has short faults."""
    return {**fault} | ({"lasts_s": min(fault["lasts_s"], lasts_max_s)} if "lasts_s" in fault else {})
