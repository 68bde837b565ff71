"""What `serve --measure` wrote and what the viewers noted, as arrays, and the stage latencies they give together."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simulation.result import Seconds

COMMENT_COLUMNS = ("seq", "received_s", "admitted_s", "durable_s", "hub_s", "flushed_s")
FAN_OUT_COLUMNS = ("first", "last", "viewers", "size_bytes", "start_s", "end_s")
WRITE_COLUMNS = ("asked_s", "begun_s", "worked_s", "answered_s", "cpu_s", "rest_s")


@dataclass(frozen=True, slots=True)
class Measured:
    """The server's stamps in monotonic seconds: a column is an array, an item for each comment, fan-out or write."""

    comments: dict[str, NDArray[Any]]
    fan_outs: dict[str, NDArray[Any]]
    writes: dict[str, NDArray[Any]]

    def since(self, at_s: float) -> "Measured":
        """What began then or later."""
        columns = ((self.comments, "received_s"), (self.fan_outs, "start_s"), (self.writes, "asked_s"))
        return Measured(*(
            {name: column[table[begun] >= at_s] for name, column in table.items()} for table, begun in columns
        ))  # fmt: skip


def read_measured(path: Path) -> Measured:
    rows: dict[str, list[list[str]]] = {"comment": [], "fan_out": [], "write": []}
    for line in path.read_text().split("\n")[:-1]:  # the last one may be half written
        kind, *fields = line.split(",")
        rows[kind].append(fields)
    columns = {"comment": COMMENT_COLUMNS, "fan_out": FAN_OUT_COLUMNS, "write": WRITE_COLUMNS}
    return Measured(*(_columns(rows[kind], names) for kind, names in columns.items()))


def in_sequence(lives: Sequence[Measured]) -> Measured:
    """What a server has written that was started several times, first life first."""
    return Measured(*(
        {name: np.concatenate([getattr(life, part)[name] for life in lives]) for name in getattr(lives[0], part)}
        for part in Measured.__slots__
    ))  # fmt: skip


def _columns(rows: list[list[str]], names: tuple[str, ...]) -> dict[str, NDArray[Any]]:
    table = np.array(rows, dtype=float).reshape(len(rows), len(names))
    return {name: table[:, index] for index, name in enumerate(names)}


@dataclass(frozen=True, slots=True)
class Used:
    """The CPU time that the server has used between two times."""

    from_s: float
    to_s: float
    cpu_s: float


@dataclass(frozen=True, slots=True)
class Receipts:
    """What the viewers got: comments ``firsts .. firsts + sizes - 1`` at ``times_s``, one row per viewer and piece."""

    times_s: Seconds
    firsts: NDArray[Any]
    sizes: NDArray[Any]

    @classmethod
    def load(cls, path: Path) -> "Receipts":
        with np.load(path) as arrays:
            return cls(arrays["times_s"], arrays["firsts"].astype(np.int64), arrays["sizes"].astype(np.int64))

    def per_comment(self) -> tuple[NDArray[Any], Seconds]:
        """One row per delivered comment: (seq, time)."""
        starts = np.repeat(self.firsts, self.sizes)
        ends = np.cumsum(self.sizes)
        within = np.arange(len(starts)) - np.repeat(ends - self.sizes, self.sizes)
        return starts + within, np.repeat(self.times_s, self.sizes)


def joined(parts: Sequence[Receipts]) -> Receipts:
    """What several processes of viewers got."""
    return Receipts(*(np.concatenate([getattr(part, name) for part in parts]) for name in Receipts.__slots__))


def stage_latencies(
    measured: Measured, receipts: Receipts, accepted: Sequence[tuple[int, float]], from_s: float
) -> dict[str, Seconds]:
    """Join the three records (one clock): samples of every stage, for comments meant to go from ``from_s`` on."""
    seqs = measured.comments["seq"].astype(np.int64)
    size = int(max(seqs.max(initial=0), max((seq for seq, _ in accepted), default=0))) + 1
    intended = by_seq(accepted, size)
    intended[intended < from_s] = np.nan
    stamp = {name: _by_seq(seqs, column, size) for name, column in measured.comments.items() if name != "seq"}
    delivered, times_s = receipts.per_comment()
    known = delivered < size
    delivered, times_s = delivered[known], times_s[known]
    timed = ~np.isnan(intended)
    latency = {
        "api": stamp["admitted_s"] - intended,
        "log": stamp["durable_s"] - stamp["admitted_s"],
        "broker": stamp["hub_s"] - stamp["durable_s"],
        "hub": stamp["flushed_s"] - stamp["hub_s"],
    }
    samples = {stage: _finite(values[timed]) for stage, values in latency.items()}
    samples["socket"] = _finite((times_s - stamp["flushed_s"][delivered])[timed[delivered]])
    samples["end_to_end"] = _finite(times_s - intended[delivered])
    return samples


def by_seq(accepted: Sequence[tuple[int, float]], size: int) -> Seconds:
    """When each of the first ``size`` comments was meant to be posted, NaN of those that are not known."""
    table = np.full(size, np.nan)
    for seq, at_s in accepted:
        if seq < size:
            table[seq] = at_s
    return table


def _by_seq(seqs: NDArray[Any], column: NDArray[Any], size: int) -> Seconds:
    table = np.full(size, np.nan)
    table[seqs] = column
    return table


def _finite(values: Seconds) -> Seconds:
    return values[np.isfinite(values)]
