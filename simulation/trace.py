"""Recorded chat as arrivals: who posts what, and when it is meant to be posted."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise, takewhile
from pathlib import Path
from random import Random
from typing import Any

from simulation.scenario import TRACES, Scenario, ScenarioError

PAUSE_MS = 1_000  # between the end of a trace and its next round


@dataclass(frozen=True, slots=True)
class Post:
    """One comment to be posted, ``at_s`` seconds after the run began."""

    at_s: float
    author: str
    text: str


def schedule(scenario: Scenario) -> list[Post]:
    """All posts of a scenario, in order: the same for the live engine and the simulated one."""
    if scenario.workload.rate_per_s is not None:
        return _at_random(scenario, scenario.workload.rate_per_s)
    posts = _rounds(load_trace(scenario.workload.trace), scenario.workload.speed)
    return list(takewhile(lambda post: post.at_s < scenario.duration_s, posts))


def _at_random(scenario: Scenario, per_s: float) -> list[Post]:
    rng = Random(f"{scenario.seed} arrivals")  # a text is hashed alike in every process
    texts = [row[2] for row in load_trace(scenario.workload.trace)]
    arrivals = enumerate(poisson(rng, per_s, scenario.duration_s))
    return [Post(at_s, f"author{number}", rng.choice(texts)) for number, at_s in arrivals]


def poisson(rng: Random, per_s: float, end_s: float, begin_s: float = 0.0) -> Iterator[float]:
    """When it happens, in order; the next time is drawn when it is asked for, so others may draw in between."""
    at_s = begin_s + rng.expovariate(per_s)
    while at_s < end_s:
        yield at_s
        at_s += rng.expovariate(per_s)


def load_trace(source: str) -> list[tuple[int, str, str]]:
    """Read (offset in ms, user, text) rows from a file or a shipped trace; ScenarioError says what is wrong."""
    path = Path(source) if Path(source).exists() else TRACES / source
    try:
        lines = path.read_text().splitlines()
    except (OSError, UnicodeDecodeError) as error:
        shipped = ", ".join(sorted(each.name for each in TRACES.glob("*.jsonl")))
        raise ScenarioError(f"cannot read the trace {source}: give a file, or one of {shipped}") from error
    rows = [_row(line, f"{source}, line {number}") for number, line in enumerate(lines, 1)]
    if not rows:
        raise ScenarioError(f"the trace {source} holds no comment")
    for number, (row, after) in enumerate(pairwise(rows), 2):
        if after[0] < row[0]:
            raise ScenarioError(f"{source}, line {number}: offset_ms goes back from {row[0]} to {after[0]}")
    return rows


def _row(line: str, where: str) -> tuple[int, str, str]:
    try:
        fields: Any = json.loads(line)
        row = fields["offset_ms"], fields["user"], fields["text"]
    except (ValueError, KeyError, TypeError) as error:
        raise ScenarioError(f'{where}: expected {{"offset_ms": …, "user": …, "text": …}}, got {line[:60]!r}') from error
    if not (isinstance(row[0], int) and row[0] >= 0 and isinstance(row[1], str) and isinstance(row[2], str)):
        raise ScenarioError(f"{where}: offset_ms must be a whole number >= 0, user and text strings, got {line[:60]!r}")
    return row


def _rounds(rows: list[tuple[int, str, str]], speed: float) -> Iterator[Post]:
    start_ms = 0
    while True:
        for offset_ms, user, text in rows:
            yield Post((start_ms + offset_ms) / 1000 / speed, user, text)
        start_ms += rows[-1][0] + PAUSE_MS
