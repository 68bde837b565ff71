"""What stands between two marks of a page: a table, made from a committed result."""

from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any

from reference_impl.protocol.problem import KINDS
from simulation import fidelity_page, report
from simulation.bench import hot_log, partitions, recent, segments
from simulation.bench.display_rows import Shown, lines
from simulation.bench.fanout_page import drain_table, fanout_tables, soak_table
from simulation.bench.partitions_log import Measured
from simulation.chaos import report as chaos
from simulation.chaos.redises import Sync
from simulation.chaos.sights import Sight
from simulation.docs.reference import commands, events, http, modules
from simulation.docs.results import bench, benches, result
from simulation.experiments import showing
from simulation.experiments.catalogue import FAMILIES
from simulation.experiments.world_cup import page as final
from simulation.laws import page as laws
from simulation.machine import in_words
from simulation.sweeping import showing as sweeping
from simulation.tables import Line, markdown

MARKS = "|---|--:|"
OF_VIEWERS = (
    "freshness_p50_ms", "freshness_p99_ms", "requests_per_s", "cpu_us_per_viewer_s", "cache_us_per_viewer_s",
)  # fmt: skip


def block(name: str) -> str:
    """Some names are parts of the reference, made from the code; the others are those of results and benchmarks."""
    made: dict[str, Callable[[], str]] = {
        "problems": _problems, "ingest": _ingest, "fanout": fanout_tables, "soak": soak_table, "drain": drain_table,
        "display": _display,
        "segments": _segments,
        "partitions": _partitions,
        "hot": _hot,
        "recent": _recent,
        "chaos": _chaos,
        "hot-loss": _hot_loss,
        "edges": _edges,
        "fidelity": lambda: _fidelity("fidelity"),
        "fidelity-again": lambda: _fidelity("fidelity-again"),
        "sweep": lambda: _sweep("sweep"),
        "viewers": lambda: _sweep("viewers", OF_VIEWERS),
        "tiers": _tiers,
        "theory": _theory,
        "operations": http.markdown,
        "events": events.markdown,
        "policies": lambda: modules.markdown("policy"),
        "protocol": lambda: modules.markdown("protocol"),
        "commands": commands.markdown,
        "final": lambda: final.markdown(result("world_cup")),
        "final-plan": lambda: final.planned(result("world_cup")),
    }  # fmt: skip
    if name in FAMILIES:
        return _experiment(name)
    return made.get(name, lambda: _run(name))()


def _told(about: str, head: Line, lines: Iterable[Line], marks: str = MARKS) -> str:
    """A table under what is to be known about it."""
    return f"{about}\n\n{markdown(head, lines, marks)}"


def _experiment(name: str) -> str:
    """A family's question, answer and table."""
    document = result(name)
    return f"{showing.markdown(FAMILIES[name](), document)}\n\n{in_words(document['machine'])}."


def _sweep(name: str, measures: Collection[str] = ()) -> str:
    """An experiment at several sizes."""
    document = result(name)
    return f"{sweeping.markdown(FAMILIES[document['sweep']](), document, measures)}\n\n{in_words(document['machine'])}."


def _tiers() -> str:
    """How fast each tier of the model is, and how far from the explicit one."""
    document = bench("sim")
    apart = {each["tier"]: each for each in document["agreements"] if each["quantile"] == "p99"}
    head = (
        "tier", "edges", "viewers of each", "comments/s", "deliveries", "deliveries/s on one core", "p99 off explicit",
    )  # fmt: skip
    rows = []
    for row in document["speeds"]:
        crowd, agreed = row["crowd"], apart.get(row["tier"])
        difference = f"{agreed['difference_pct']:+.2f} ± {agreed['half_width_pct']:.2f} %" if agreed else ""
        rows.append([
            row["tier"], f"{crowd['edges']}", f"{crowd['viewers']:,}", f"{crowd['comments_per_s']:g}",
            f"{row['deliveries']:,}", f"{row['deliveries_per_s']:,.0f}", difference,
        ])  # fmt: skip
    return _told(f"{in_words(document['machine'])}.", head, rows)


def _fidelity(name: str) -> str:
    """How near forecasts and replays come to live runs."""
    return fidelity_page.markdown(result(name))


def _problems() -> str:
    """The table of everything the API can refuse."""
    rows = ([f"{kind.status}", f"`{kind.type}`", kind.title, "yes" if kind.definite else "no"] for kind in KINDS)
    return markdown(["status", "type", "title", "definite"], rows, "|--:|---|")


def _ingest() -> str:
    """The ingest benchmark's tables, one for each engine, each with its machine."""
    return "\n\n".join(map(_ingest_table, reversed(benches("ingest-*"))))


def _ingest_table(document: Mapping[str, Any]) -> str:
    head = ("log", "endpoint", "stored before", "comments/s", "ack p50 ms", "ack p99 ms", "CPU us/comment")
    rows = [
        [
            row["log"], row["endpoint"], f"{row['stored_before']:,}", f"{row['comments_per_s']:,.0f}",
            *(_figure(row[name]) for name in ("ack_p50_ms", "ack_p99_ms", "cpu_us_per_comment")),
        ]
        for row in document["rows"]
    ]  # fmt: skip
    return _told(f"{in_words(document['machine'])}.", head, rows, "|---|---|--:|")


def _display() -> str:
    """What a crowd is shown, a column for one hall and one for rooms."""
    document = bench("display")
    machine, rows = document["machine"], [Shown.read(row) for row in document["rows"]]
    case = rows[0].case
    about = (
        f"{case.viewers:,} viewers in crowd mode, {case.rate:,.0f} comments/s, {case.seconds:g} s; {in_words(machine)}."
    )
    return _told(about, ["", "one hall", "rooms"], lines(rows))


def _segments() -> str:
    """What reaches the server of a crowd that polls a cache."""
    document = bench("segments")
    machine, rows = document["machine"], [segments.Polled(**row) for row in document["rows"]]
    about = f"{rows[0].comments_per_s:g} comments/s, {rows[0].seconds:g} s each; {in_words(machine)}."
    return _told(about, segments.HEADINGS, segments.lines(rows), "|--:|")


def _partitions() -> str:
    """What each strategy costs and gives, a table for each cost of a row."""
    document = bench("partitions")
    machine, plan = document["machine"], document["plan"]
    rows = [Measured(**row) for row in document["rows"]]
    about = (
        f"{plan['partitions']} partitions of SQLite, {plan['streams']} streams of which one has "
        f"{partitions.VIRAL_SHARE:.0%} of all comments, {plan['per_s']:,.0f} comments/s for {plan['seconds']:g} s; "
        f"medians of {plan['runs']} runs (and their range); "
        f"`by_time` moves every {plan['seconds'] / partitions.BUCKETS:g} s, "
        f"`hot_split` splits at {plan['per_s'] * partitions.SPLIT_SHARE:,.0f} comments/s; "
        f"{in_words(machine)}."
    )
    found = [about]
    for row_us in partitions.costs(rows):
        words = f"**{partitions.cost_in_words(row_us)}**"
        found.append(_told(words, partitions.HEADINGS, partitions.lines(rows, row_us)))
    return "\n\n".join(found)


def _hot() -> str:
    """What the hot window of one Redis takes."""
    document = bench("hot")
    machine, rows = document["machine"], [hot_log.Row(**row) for row in document["rows"]]
    about = (
        f"{document['seconds']:g} s each, medians of {document['runs']} runs (and their range); {in_words(machine)}."
    )
    return _told(about, hot_log.HEADINGS, hot_log.lines(rows))


def _recent() -> str:
    """Pages from the log and from the cache."""
    document = bench("recent")
    machine, plan = document["machine"], document["plan"]
    about = (
        f"{plan['seconds']:g} s each, medians of {plan['runs']} runs; {plan['pages_per_s']:g} pages/s beside "
        f"the chat at {plan['speed']:g} times its speed, {plan['posts_per_s']:g} posts/s; "
        f"{in_words(machine)}."
    )
    return _told(about, recent.HEADINGS, recent.lines([recent.Row(**row) for row in document["rows"]]))


def _chaos() -> str:
    """What viewers see of each fault."""
    document = bench("chaos")
    machine, crowd = document["machine"], document["plan"]["crowd"]
    about = (
        f"{crowd['viewers']} viewers at each edge, {crowd['rate']:g} comments/s, log in {document['log']}, "
        f"seed {document['plan']['seed']}: {document['counts']['acknowledged']:,} comments acknowledged, "
        f"{document['counts']['delivered']:,} events delivered, {document['counts']['reactions']:,} reactions counted, "
        f"{len(document['broken'])} things broken; "
        f"{in_words(machine)}."
    )
    rows = chaos.lines([Sight(**each) for each in document["sights"]])
    return _told(about, chaos.HEADINGS, rows, "|---|---|--:|")


def _hot_loss() -> str:
    """What killing Redis costs hot-first, a row for each way that it keeps its data."""
    documents = [bench(f"hot-loss-{sync}") for sync in Sync]
    head = (
        "append-only file", "Redis killed", "acknowledged", "lost", "gaps told", "longest silence s",
        "posts sent again",
    )  # fmt: skip
    rows = []
    for document in documents:
        counts, sights = document["counts"], [Sight(**each) for each in document["sights"]]
        rows.append([
            document["plan"]["hot"], f"{len(sights)} times", f"{counts['acknowledged']:,}", f"{counts['lost']:,}",
            f"{counts['gaps']:,}", f"{max(each.silence_s for each in sights):.1f}", f"{counts['retried']:,}",
        ])  # fmt: skip
    return markdown(head, rows, MARKS)


def _edges() -> str:
    """The same crowd at the server alone and at edges."""
    document = bench("edges")
    head = (
        "edges", "viewers", "comments/s", "deliveries/s", "p50 ms", "p99 ms", "lost, doubled or out of order", "counts",
    )  # fmt: skip
    rows = [
        [
            f"{row['edges'] or 'none'}", f"{row['viewers']:,}",
            *(f"{row[name]:,.0f}" for name in ("comments_per_s", "deliveries_per_s", "p50_ms", "p99_ms")),
            f"{row['faults']}", f"no: {row['why_void']}" if row["why_void"] else "yes",
        ]
        for row in document["rows"]
    ]  # fmt: skip
    return _told(f"{in_words(document['machine'])}.", head, rows, "|--:|--:|--:|--:|--:|--:|--:|---|")


def _theory() -> str:
    """The model's stations beside the closed forms."""
    return laws.markdown(result("theory"))


def _figure(value: float | None) -> str:
    return "" if value is None else f"{value:,.1f}"


def _run(name: str) -> str:
    document = result(name)
    scenario, machine = document["scenario"], document["machine"]
    workload = scenario["workload"]
    return (
        f"{scenario['audience']['viewers']:,} viewers, {workload['trace']} at {workload['speed']:g} times its speed, "
        f"{scenario['duration_s']:g} s, window {scenario['system']['window_ms']:g} ms, seed {document['seed']}; "
        f"{in_words(machine)}.\n\n"
        f"{report.markdown(document)}"
    )
