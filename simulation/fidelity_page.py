"""How near the model comes, as tables and a picture: by group, stage and scenario, with noise and baseline."""

from collections.abc import Mapping, Sequence
from statistics import median
from typing import Any

from rich.table import Table

from simulation import tables
from simulation.bars import OUTAGES, bars, throughput_error
from simulation.comparing import ENGINES, QUANTILES, Scored, groups, ranking, scored, scored_outages, summary, worst
from simulation.docs import spoken
from simulation.machine import in_words
from simulation.result import STAGES
from simulation.suite import PARTS, suite

MARKS = "|---|--:|"
HEADINGS = ("group", "quantile", "scenarios", "forecast", "signed", "replay", "signed", "noise", "one live run")

Document = Mapping[str, Any]
Line = list[str]


def group_lines(document: Document) -> list[Line]:
    """Median absolute errors end to end, by window and utilisation."""
    found = []
    for quantile in QUANTILES:
        for group, rows in groups(scored(document, "end_to_end", quantile)).items():
            found.append([group, quantile, *_summary(rows)])
    return sorted(found, key=lambda line: [line[0] for line in found].index(line[0]))


def stage_lines(document: Document) -> list[Line]:
    """The same at p99 for each stage, all scenarios together: errors that cancel end to end are seen here."""
    return [[stage.replace("_", " "), "p99", *_summary(scored(document, stage, "p99"))] for stage in STAGES]


def scenario_lines(document: Document) -> list[Line]:
    """Every scenario's p99: live with its range, both engines with their errors."""
    return [
        [
            row.name, f"{row.busy:.2f}", _ranged(row.live),
            *(f"{_ranged(row.model[engine])} {row.error(engine):+.0%}" for engine in ENGINES),
            f"{row.noise:.0%}", f"{row.baseline:.0%}", "yes" if row.inside("forecast") else "no",
        ]
        for row in scored(document)
    ]  # fmt: skip


def bar_lines(document: Document) -> list[Line]:
    """What was promised, and what came of it."""
    return [
        [bar.what, f"{'>=' if bar.least else '<='} {bar.allowed:.1%}", f"{bar.got:.1%}", "yes" if bar.met else "no"]
        for bar in bars(document)
    ]


def outage_lines(document: Document) -> list[Line]:
    """What viewers saw of the faults: the gap, and how long it took until nothing was late any more, in s."""
    return [
        [
            row.name, called, _ranged(row.live),
            *(f"{_ranged(row.model[engine])} {row.error(engine):+.0%}" for engine in ENGINES), f"{row.noise:.0%}",
        ]
        for fact, called in OUTAGES.items() for row in scored_outages(document, fact)
    ]  # fmt: skip


def _ranged(values: Sequence[float]) -> str:
    return spoken.ranged(values, 1 if median(values) >= 10 else 2)


def on_screen(document: Document) -> list[Table]:
    made = {
        "How far the model is off, end to end (medians over scenarios)": (HEADINGS, group_lines(document)),
        "What was promised": (BAR_HEADINGS, bar_lines(document)),
        "The same by stage": (STAGE_HEADINGS, stage_lines(document)),
        "p99 in ms, by scenario": (SCENARIO_HEADINGS, scenario_lines(document)),
        "What viewers saw of the faults, in s": (OUTAGE_HEADINGS, outage_lines(document)),
    }
    return [tables.on_screen(head, lines, title=title) for title, (head, lines) in made.items() if lines]


STAGE_HEADINGS = ("stage", *HEADINGS[1:])
BAR_HEADINGS = ("promised", "bar", "got", "met")
RANGES = ("live (range)", "forecast (range)", "replay (range)")
OUTAGE_HEADINGS = ("scenario", "s", *RANGES, "noise")
SCENARIO_HEADINGS = ("scenario", "busy", *RANGES, "noise", "one live run", "in the range")


def markdown(document: Document) -> str:
    """The tables and what is to be said of them."""
    runs = [run for run in document["runs"] if run["engine"] == "live"]
    void = [run for run in runs if run["why_void"]]
    about = (
        f"{len(document['scenarios'])} {_part(document)} scenarios, {document['repeats']} interleaved repeats of "
        f"{document['scenarios'][0]['duration_s']:g} s, {len(void)} of {len(runs)} live runs void; "
        f"{in_words(document['machine'])}; {document.get('rounds', 1)} rounds of probes."
    )
    parts = [
        about,
        tables.markdown(HEADINGS, group_lines(document), MARKS),
        words(document),
        tables.markdown(BAR_HEADINGS, bar_lines(document), MARKS),
        tables.markdown(STAGE_HEADINGS, stage_lines(document), MARKS),
        tables.markdown(SCENARIO_HEADINGS, scenario_lines(document), MARKS),
    ]
    if outages := outage_lines(document):
        parts.append(tables.markdown(OUTAGE_HEADINGS, outages, MARKS))
    return "\n\n".join(parts)


def words(document: Document) -> str:
    """The worst scenario, rankings, coverage and throughput in a few sentences."""
    rows = scored(document)
    if not rows:
        return "No scenario has two live runs that count."
    bad, (alike, pairs), whole = worst(rows, "forecast"), ranking(rows, "forecast"), summary(rows)
    runs = document["repeats"]
    return (
        f"A range is from the least to the most of {runs} runs: with a confidence of {1 - 2 * 0.5**runs:.1%} the true "
        f"median lies in it. The worst forecast of a p99 is {bad.name}: {bad.error('forecast'):+.0%}, where live runs "
        f"are {bad.noise:.0%} from each other. Of {pairs} pairs of scenarios that live runs tell apart the forecast "
        f"ranks {alike} alike. {whole['forecast_inside']:.0%} of the forecasts lie within the range of the live runs; "
        f"the range of a forecast's own runs holds {whole['forecast_coverage']:.0%} of the live ones (of runs that "
        f"nothing tells apart it would hold {(runs - 1) / (runs + 1):.0%}). Throughput is off by "
        f"{throughput_error(document):.1%} at the median."
    )


def _summary(rows: Sequence[Scored]) -> Line:
    found = summary(rows)
    shares = ("forecast_error", "forecast_signed", "replay_error", "replay_signed", "noise", "baseline")
    figures = [f"{found[name]:{'+' if name.endswith('signed') else ''}.1%}" for name in shares]
    return [f"{found['scenarios']:g}", *figures]


def _part(document: Document) -> str:
    """Of the suite, by the scenarios' names: held-out, if they all are."""
    mine = {scenario["name"] for scenario in document["scenarios"]}
    parts = [part for part in PARTS if mine & {scenario.name for scenario in suite(part)}]
    if parts and all(part.startswith("held_out") for part in parts):
        return "held-out"
    return parts[0] if len(parts) == 1 else "mixed"
