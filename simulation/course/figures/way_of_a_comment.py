"""Figures of lesson 2: where a comment's time goes, by arithmetic, in the model and live, with and without a window."""

import math
from statistics import median

from simulation import tables, theory
from simulation.comparing import scored
from simulation.course import measured
from simulation.docs import spoken
from simulation.docs.results import result
from simulation.docs.stages import Scenario, interval, ranged
from simulation.experiments.comparison import CONFIDENCE

REPORT = "fidelity"  # its held-out scenarios, each of which ran seven times
AT_ONCE, SHORT, LONG = (Scenario(REPORT, f"v600-100s-w{window_ms}") for window_ms in (0, 20, 50))
FEW, MANY = Scenario(REPORT, "v150-20s-w20"), Scenario(REPORT, "v150-300s-w20")
STOPPED = Scenario(REPORT, "v600-60s-w20-stop400ms")
STAGES = ("api", "log", "broker", "hub", "socket")
BUDGET_MS = 500.0


def figures() -> dict[str, str]:
    return {**_about(), **_outcomes(), **_window(), **_queues(), **_tables(), **_budget()}


def _about() -> dict[str, str]:
    run = SHORT.spec
    return {
        "viewers": f"{run['audience']['viewers']}",
        "per_s": f"{run['workload']['rate_per_s']:g}",
        "window_ms": f"{_window_ms(SHORT):g}",
        "seconds": f"{run['duration_s']:g}",
        "repeats": f"{len(SHORT.values('hub', 'p50'))}",
        "forecasts": f"{len(SHORT.values('hub', 'p50', 'sim'))}",
        "confidence": spoken.rounded_percent(CONFIDENCE),
    }


def _outcomes() -> dict[str, str]:
    p50s = {stage: SHORT.value(stage, "p50") for stage in STAGES}
    slowest = max(p50s, key=lambda stage: p50s[stage])
    sum_p99, way_p99 = sum(SHORT.value(stage, "p99") for stage in STAGES), SHORT.value("end_to_end", "p99")
    times = MANY.value("log", "p50") / FEW.value("log", "p50")
    return {
        "outcome_1": slowest,
        "hub_p50": SHORT.live(slowest, "p50"),
        "way_p50": SHORT.live("end_to_end", "p50"),
        "sum_p50": f"{sum(p50s.values()):.1f}",
        "outcome_2": "about the same" if abs(way_p99 / sum_p99 - 1) < 0.05 else _than(way_p99, sum_p99),
        "sum_p99": f"{sum_p99:.1f}",
        "way_p99": SHORT.live("end_to_end", "p99"),
        "outcome_3": _earlier_or_later(),
        "at_once_p50": AT_ONCE.live("end_to_end", "p50"),
        "at_once_busy": _busy(AT_ONCE),
        "short_busy": _busy(SHORT),
        "core_saved": spoken.percent(1 - median(SHORT.fact("server_busy")) / median(AT_ONCE.fact("server_busy"))),
        "outcome_4": "no longer"
        if times < 1.2
        else "about twice as long"
        if times < 5
        else "about fifteen times as long",
        "few_per_s": f"{FEW.spec['workload']['rate_per_s']:g}",
        "many_per_s": f"{MANY.spec['workload']['rate_per_s']:g}",
        "few_log": FEW.live("log", "p50"),
        "many_log": MANY.live("log", "p50"),
    }


def _than(value: float, other: float) -> str:
    return "smaller" if value < other else "larger"


def _earlier_or_later() -> str:
    """Without the window, compared with it."""
    sooner = AT_ONCE.value("end_to_end", "p50") < SHORT.value("end_to_end", "p50")
    busier = median(AT_ONCE.fact("server_busy")) > median(SHORT.fact("server_busy"))
    return f"{'earlier' if sooner else 'later'}, and {'more' if busier else 'less'} of a core"


def _busy(scenario: Scenario) -> str:
    return f"{ranged([100 * each for each in scenario.fact('server_busy')])} %"


def _window_ms(scenario: Scenario) -> float:
    return float(scenario.spec["system"]["window_ms"])


def in_cycle(scenario: Scenario) -> tuple[float, float, float]:
    """Of one turn of a hub's window: comments that come in it, the chance of none, and its length in ms.

    A turn is a fan-out, a window's rest, and if nothing came in both the time until something does.
    """
    per_ms = scenario.per_s("comments") / 1000
    fan_out_ms = 2 * scenario.value("socket", "p50")  # of viewers in a row the middle one waits for half of it
    came = per_ms * (fan_out_ms + _window_ms(scenario))
    none = math.exp(-came)
    return came, none, fan_out_ms + _window_ms(scenario) + none / per_ms


def window_wait_ms(scenario: Scenario, share: float) -> float:
    """What ``share`` of the comments do not wait longer than, at the hub.

    Whoever finds the window open goes at once; who comes in the rest waits for its end; and of those who come in the
    fan-out the hub hears only after it, so they wait for a whole window.
    """
    came, none, _ = in_cycle(scenario)
    waited = (share * (came + none) - none) / (scenario.per_s("comments") / 1000)
    return min(max(0.0, waited), _window_ms(scenario))


def _window() -> dict[str, str]:
    rows = []
    for scenario in (SHORT, LONG):
        for quantile, share in (("p50", 0.5), ("p99", 0.99)):
            rows.append(
                [
                    f"{_window_ms(scenario):g} ms, {quantile}", f"{window_wait_ms(scenario, share):.1f}",
                    scenario.simulated("hub", quantile), scenario.live("hub", quantile),
                ]
            )  # fmt: skip
    came, none, cycle_ms = in_cycle(SHORT)
    return {
        "waits": tables.markdown(["wait at the hub, ms", "closed form", "simulated", "live"], rows),
        "came": f"{came:.1f}",
        "none": spoken.percent(none),
        "fan_outs": f"{1000 / cycle_ms:.0f}",
    }  # fmt: skip


def _queues() -> dict[str, str]:
    """The loop without a window, a commit for all that wait, and what theory and model say of both."""
    laws = result("theory")
    checks = {(each["law"], each["quantity"]): each for each in laws["checks"]}
    edge, viewers, per_s = measured.edge(), AT_ONCE.spec["audience"]["viewers"], AT_ONCE.per_s("comments")
    fan_out_s = viewers * (edge.write_s + edge.comment_s)
    crowded_s = 3 * fan_out_s
    commit_s = FEW.value("log", "p50") / 1000
    rows = [
        _law(checks[law, quantity], name)
        for name, law, quantity in (
            ("a loop that is half busy, mean", "M/D/1", "mean sojourn"),
            ("the same, p99", "M/D/1", "p99 of the sojourn"),
            ("a commit of all that wait, 1.5 in each, mean", "M/M^[1,inf]/1", "mean sojourn"),
        )
    ]
    return {
        "laws": tables.markdown(["ms, where a service takes one", "theory", "simulated"], rows),
        "law_confidence": spoken.rounded_percent(laws["confidence"]),
        "fan_out_form": f"{1000 * fan_out_s:.1f}",
        "loop_share": spoken.rounded_percent(per_s * fan_out_s),
        "loop_mean": f"{1000 * theory.batch_md1_mean_s(per_s, fan_out_s / viewers, viewers, 0.0):.1f}",
        "crowded_share": spoken.rounded_percent(per_s * crowded_s),
        "crowded_mean": f"{1000 * theory.batch_md1_mean_s(per_s, crowded_s / viewers / 3, 3 * viewers, 0.0):.0f}",
        "commit_ms": f"{1000 * commit_s:.1f}",
        "grouped_ms": f"{1000 * theory.group_commit_mean_s(MANY.per_s('comments'), commit_s):.1f}",
        "alone_most": f"{1 / commit_s:,.0f}",
        "grouped_ten": f"{1000 * theory.group_commit_mean_s(10 / commit_s, commit_s):.1f}",
    }


def _law(check: dict[str, float], name: str) -> list[str]:
    mean_ms, half_ms = 1000 * check["mean"], 1000 * check["half_width"]
    return [name, f"{1000 * check['theory']:.3f}", f"{mean_ms:.3f} ± {half_ms:.3f}"]


def _tables() -> dict[str, str]:
    variants = [("none", AT_ONCE), ("20 ms", SHORT), ("50 ms", LONG)]
    bought = [
        [name, *(scenario.live("end_to_end", quantile) for quantile in ("p50", "p99")), _busy(scenario)]
        for name, scenario in variants
    ]
    return {
        "simulated": SHORT.table("sim"),
        "live": SHORT.table("live"),
        "gap": SHORT.table("gap", ("p50", "p99")),
        "bought": tables.markdown(["window", "p50, ms", "p99, ms", "the server's core"], bought),
        "sim_way_p99": SHORT.simulated("end_to_end", "p99"),
        "sim_sum_p99": interval([
            sum(of_run) for of_run in zip(*(SHORT.values(stage, "p99", "sim") for stage in STAGES), strict=True)
        ]),
        "gap_way": SHORT.off("end_to_end", "p99"),
        "noise_way": SHORT.noise("end_to_end", "p99"),
        **_everywhere("log"),
        **_everywhere("socket"),
    }  # fmt: skip


def _everywhere(stage: str) -> dict[str, str]:
    """Its p99 over all scenarios of the report, in the median: how far the forecast is off, signed, and the noise."""
    rows = scored(result(REPORT), stage, "p99")
    return {
        f"all_{stage}": spoken.signed(median(row.error("forecast") for row in rows)),
        f"all_{stage}_noise": spoken.rounded_percent(median(row.noise for row in rows)),
    }


def _budget() -> dict[str, str]:
    """What of the producer's half second is left, and what a stall makes of it."""
    spent = SHORT.value("end_to_end", "p99")
    return {
        "budget_ms": f"{BUDGET_MS:g}",
        "left_ms": f"{BUDGET_MS - spent:.0f}",
        "stop_api_p99": STOPPED.live("api", "p99"),
        "stop_log_p99": STOPPED.live("log", "p99"),
        "stop_way_p99": STOPPED.live("end_to_end", "p99"),
    }
