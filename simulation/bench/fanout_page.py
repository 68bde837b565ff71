"""The fan-out benchmark's result files as tables for a page."""

import statistics
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from simulation.docs.results import bench, benches
from simulation.machine import in_words
from simulation.tables import markdown

VIEWERS = (1_000, 5_000)

Row = Mapping[str, Any]
Find = Callable[[str, str, int, float], Row | None]


def fanout_tables() -> str:
    """What was asked for, beside what was measured; then every row."""
    documents = benches("fanout-*")
    return "\n\n".join([f"{in_words(documents[0]['machine'])}.", _answers(documents), _rows(documents)])


def soak_table() -> str:
    run = bench("soak")
    half = len(run["rss_kb"]) // 2
    counts = run["counts"]
    head = (
        "viewers", "minutes", "comments", "delivered", "lost", "doubled", "memory at half-time, MB", "at the end, MB",
    )  # fmt: skip
    row = (
        f"{run['viewers']:,}", f"{run['at_s'][-1] / 60:.1f}", f"{counts['comments']:,}", f"{counts['delivered']:,}",
        f"{counts['lost']}", f"{counts['duplicated']}", f"{run['rss_kb'][half] / 1024:.1f}",
        f"{run['rss_kb'][-1] / 1024:.1f}",
    )  # fmt: skip
    return markdown(head, [row], "|--:|")


def drain_table() -> str:
    run = bench("drain")
    counts = run["counts"]
    rates = [count / run["bin_s"] for count in run["rejoined"] if count]
    head = ("viewers", "assigned, per s", "back per s: median", "highest", "all back after", "lost", "doubled")
    row = (
        f"{run['viewers']:,}", f"{run['drain_per_s']:,.0f}", f"{statistics.median(rates):,.0f}", f"{max(rates):,.0f}",
        f"{run['drained_s']:.1f} s", f"{counts['lost']}", f"{counts['duplicated']}",
    )  # fmt: skip
    return markdown(head, [row], "|--:|")


def _answers(documents: Sequence[Row]) -> str:
    rows = [row for document in documents for row in document["rows"]]

    def find(server: str, transport: str, viewers: int, window_ms: float) -> Row | None:
        """The one with the most rounds, where several files have such a row."""
        found = [row for row in rows if _key(row) == (server, transport, viewers, window_ms)]
        return max(found, key=lambda row: len(row["runs"])) if found else None

    most = {run["viewers"]: run for document in documents for run in document["most"]}

    def ours(viewers: int, window_ms: float = 0.0) -> Row | None:
        return find("livecomments", "sse", viewers, window_ms)

    def reached(viewers: int) -> str:
        return f"{most[viewers]['deliveries_per_s']:,.0f}" if viewers in most else ""

    lines: list[tuple[str, str, Callable[[int], str]]] = [
        ("SSE, no window: share of the floor", "0.70", lambda n: _spread(ours(n), "floor_share")),
        ("... against Nchan", "1.2 x", lambda n: _against(documents, "nchan", "sse", n)),
        ("... against sse-starlette, a queue per viewer", "5 x, 6 x",
         lambda n: _against(documents, "sse-starlette", "sse", n)),
        ("WebSocket, no window: share of the floor", "0.75",
         lambda n: _spread(find("livecomments", "websocket", n, 0.0), "floor_share")),
        ("... against socket.io", "1.5 x", lambda n: _against(documents, "socket.io", "websocket", n)),
        ("20 ms window, 2 M deliveries/s: share of the floor", "0.9", lambda n: _spread(ours(n, 20.0), "floor_share")),
        ("... of the fan-out alone", "", lambda n: _spread(ours(n, 20.0), "fan_out_share")),
        ("... core used", "40 %, 70 %", lambda n: _percent(ours(n, 20.0))),
        ("the most deliveries/s with a 20 ms window", "", reached),
        ("p99 at 100,000 deliveries/s, no window, over the floor's", "2 x",
         lambda n: _spread(ours(n), "p99_over_floor", " x")),
        ("... the same by WebSocket", "2 x",
         lambda n: _spread(find("livecomments", "websocket", n, 0.0), "p99_over_floor", " x")),
        ("p99 with a 20 ms window, over the floor's", "", lambda n: _spread(ours(n, 20.0), "p99_over_floor", " x")),
        ("... with 50 stopped readers, over without; memory grown, both", "1 x", lambda n: _stalled(documents, n)),
        ("memory per SSE viewer, KB", "3", lambda n: _spread(ours(n), "rss_kb_per_viewer")),
    ]  # fmt: skip
    head = ("one core for the server", *(f"{count:,} viewers" for count in VIEWERS), "bar")
    return markdown(head, ([name, *map(figure, VIEWERS), bar] for name, bar, figure in lines), "|---|--:|")


def _key(row: Row) -> tuple[str, str, int, float]:
    return row["server"], row["transport"], row["viewers"], row["window_ms"]


def _valid(row: Row | None) -> list[Row]:
    return [run for run in row["runs"] if not run["why_void"]] if row else []


def _spread(row: Row | None, name: str, unit: str = "") -> str:
    """Median, and from the least to the most of the runs."""
    return _figure([run[name] for run in _valid(row) if run[name] is not None], unit)


def _figure(values: Sequence[float], unit: str = "") -> str:
    if not values:
        return ""
    return f"{statistics.median(values):.2f}{unit} ({min(values):.2f} to {max(values):.2f})"


def _stalled(documents: Sequence[Row], viewers: int) -> str:
    """The p99 of those who read, round by round over that of a server that all read from; and the memory of both."""
    rounds = _rounds(documents, ("livecomments-stalled", "livecomments"), ("sse", viewers, 20.0))
    if not rounds:
        return ""
    grown = [statistics.median(run["rss_grown_kb"] for run in runs) / 1024 for runs in zip(*rounds, strict=True)]
    ratios = [slow["p99_ms"] / usual["p99_ms"] for slow, usual in rounds]
    return f"{_figure(ratios, ' x')}; +{grown[0]:.1f} MB, +{grown[1]:.1f} MB"


def _percent(row: Row | None) -> str:
    values = [run["core_used"] for run in _valid(row)]
    return f"{statistics.median(values):.0%} ({min(values):.0%} to {max(values):.0%})" if values else ""


def _against(documents: Sequence[Row], other: str, transport: str, viewers: int) -> str:
    """CPU per delivery of the other over ours, round by round."""
    rounds = _rounds(documents, (other, "livecomments"), (transport, viewers, 0.0))
    return _figure([their["cpu_us_per_delivery"] / our["cpu_us_per_delivery"] for their, our in rounds], " x")


def _rounds(documents: Sequence[Row], servers: tuple[str, str], case: tuple[str, int, float]) -> list[tuple[Row, Row]]:
    """The rounds in which both servers' runs count, from the first file that has both."""
    for document in documents:
        rows = {row["server"]: row for row in document["rows"] if _key(row)[1:] == case}
        if all(server in rows for server in servers):
            pairs = zip(*(rows[server]["runs"] for server in servers), strict=False)
            return [(their, our) for their, our in pairs if not their["why_void"] and not our["why_void"]]
    return []


def _rows(documents: Sequence[Row]) -> str:
    head = (
        "server", "transport", "viewers", "window ms", "deliveries/s", "CPU us/delivery", "of the floor", "core",
        "p50 ms", "p99 ms", "KB/viewer", "rounds",
    )  # fmt: skip
    rows = (_row(row) for document in documents for row in document["rows"])
    return markdown(head, rows, "|---|---|--:|")


def _row(row: Row) -> list[str]:
    case = [row["server"], row["transport"], f"{row['viewers']:,}", f"{row['window_ms']:g}"]
    counted = f"{len(_valid(row))} of {len(row['runs'])}"
    if not _valid(row):
        return [*case, *[""] * 7, counted]
    return [
        *case, f"{row['deliveries_per_s']:,.0f}", f"{row['cpu_us_per_delivery']:.2f}",
        "" if row["floor_share"] is None else f"{row['floor_share']:.2f}", f"{row['core_used']:.0%}",
        f"{row['p50_ms']:.1f}", f"{row['p99_ms']:.1f}", f"{row['rss_kb_per_viewer']:.1f}", counted,
    ]  # fmt: skip
