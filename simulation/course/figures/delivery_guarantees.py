"""Figures of lesson 6: four guarantees over a bad network, live and simulated, and the arithmetic of each loss."""

from collections.abc import Mapping
from typing import Any

from reference_impl.policy.ordering import OrderingConfig
from simulation.course.outcomes import which
from simulation.docs import spoken
from simulation.docs.findings import Findings
from simulation.docs.results import bench
from simulation.experiments.delivery_guarantees.plan import CALM_S, RECONNECTS, VARIANTS, Size

ONCE_AT_MOST, AT_LEAST, DEDUPE, EFFECT = VARIANTS
LOSSES = ("lost_pct", "unstored_pct", "unseen_pct")
DOUBLES = ("doubled_pct", "stored_again_pct", "behind_pct")
PRICES = ("p50_ms", "p99_ms", "requests", "cpu_ms", "bytes")
SIZE = Size()
SAVED_S = VARIANTS[AT_LEAST].saves_s


def figures() -> dict[str, str]:
    found = Findings("delivery_guarantees")
    return {**_setting(found), **_outcomes(found), **_theory(found), **_tables(found), **_elsewhere()}


def _setting(found: Findings) -> dict[str, str]:
    return {
        "size": found.document["size"],
        "viewers": f"{SIZE.viewers}",
        "posts_per_s": f"{SIZE.posts_per_s:g}",
        "lost_share": spoken.rounded_percent(SIZE.lost_share),
        "seconds": f"{SIZE.seconds:g}",
        "lasts_s": f"{SIZE.lasts_s:g}",
        "patience_ms": f"{1000 * OrderingConfig().patience_s:g}",
        "outage_ms": f"{1000 * SIZE.outage_s:g}",
    }


def _outcomes(found: Findings) -> dict[str, str]:
    lost, again = found.value(ONCE_AT_MOST, "lost_pct"), found.value(AT_LEAST, "stored_again_pct")
    share_pct = 100 * SIZE.lost_share
    nearest = min((0.0, share_pct, 2 * share_pct), key=lambda each: abs(each - again))
    left = found.value(DEDUPE, "stored_again_pct") / again
    return {
        "outcome_1": which(
            lost,
            {1: "hardly any", 8: "about one in twenty", 25: "between one in ten and one in four"},
            "more than one in four",
        ),
        "outcome_2": {
            0.0: "none: the connection would have told",
            share_pct: "about as many as answers were lost",
            2 * share_pct: "about as many as requests and answers were lost",
        }[nearest],
        "outcome_3": "none: viewers have left them out"
        if left < 0.2
        else "about half as many"
        if left < 0.7
        else "as many as before",
        "outcome_4": "no: some stand behind what was sent later"
        if found.value(EFFECT, "behind_pct") > 0.5
        else "yes: what is once is also in order",
        "lost": found.live(ONCE_AT_MOST, "lost_pct"),
        "stored_again": found.live(AT_LEAST, "stored_again_pct"),
        "dedupe_stored_again": found.live(DEDUPE, "stored_again_pct"),
        "effect_stored_again": found.live(EFFECT, "stored_again_pct"),
        "behind": found.live(EFFECT, "behind_pct"),
        "once_p99": found.live(ONCE_AT_MOST, "p99_ms"),
        "effect_p99": found.live(EFFECT, "p99_ms"),
        "lost_said": f"{lost:.0f}",
        "stored_again_said": f"{again:.0f}",
        "requests_said": f"{found.value(EFFECT, 'requests'):.1f}",
    }


def away_share(size: Size = SIZE) -> float:
    """Of the time that connections are cut in, how much a viewer is away: cuts a second, times what each costs."""
    cut_share = (size.seconds - 1.5 * CALM_S) / size.seconds  # of the run
    return cut_share / size.lasts_s * mean_away_s()


def mean_away_s() -> float:
    """Full jitter: the first reconnection waits between nothing and its ceiling."""
    return RECONNECTS.base_s / 2


def lost_at_most_once(size: Size = SIZE) -> float:
    """What does not get past all three: the author's request, the broker, the viewer's connection."""
    return 1 - (1 - size.lost_share) * (1 - size.outage_s / size.seconds) * (1 - away_share(size))


def requests_at_least_once(size: Size = SIZE) -> float:
    """Tries until one is answered, each of which loses its request or its answer."""
    return 1 / (1 - 2 * size.lost_share)


def stored_again(size: Size = SIZE) -> float:
    """Requests that arrive, less the one that was meant: each lost answer leaves a copy behind."""
    return requests_at_least_once(size) * (1 - size.lost_share) - 1


def shown_again(size: Size = SIZE) -> float:
    """A cut repeats what came since the cursor was saved, but for a saving that falls into the absence."""
    cuts = (size.seconds - 1.5 * CALM_S) / size.lasts_s
    square_s2 = RECONNECTS.base_s**2 / 3  # of an absence, in the mean
    since_s = (SAVED_S**2 - 2 * SAVED_S * mean_away_s() + square_s2) / (2 * SAVED_S)
    return cuts * since_s / size.seconds + stored_again(size)


def _theory(found: Findings) -> dict[str, str]:
    return {
        "broker_share": spoken.rounded_percent(SIZE.outage_s / SIZE.seconds, 1),
        "viewer_share": spoken.rounded_percent(away_share(), 1),
        "away_ms": f"{1000 * mean_away_s():g}",
        "lost_expected": spoken.rounded_percent(lost_at_most_once(), 1),
        "lost_sim": found.simulated(ONCE_AT_MOST, "lost_pct"),
        "requests_expected": f"{requests_at_least_once():.2f}",
        "requests_sim": found.simulated(AT_LEAST, "requests"),
        "stored_again_expected": spoken.rounded_percent(stored_again(), 1),
        "stored_again_sim": found.simulated(AT_LEAST, "stored_again_pct"),
        "doubled_expected": spoken.rounded_percent(shown_again(), 1),
        "doubled_sim": found.simulated(AT_LEAST, "doubled_pct"),
        "error_lost": found.error(ONCE_AT_MOST, "lost_pct"),
        "error_stored_again": found.error(AT_LEAST, "stored_again_pct"),
        "error_p99": found.error(EFFECT, "p99_ms"),
        "error_cpu": found.error(EFFECT, "cpu_ms"),
        "noise_cpu": found.noise(EFFECT, "cpu_ms"),
        "noise_p99": found.noise(EFFECT, "p99_ms"),
        **_worst(found),
    }


def _worst(found: Findings) -> dict[str, str]:
    """The p99 that is farthest off, and what CPU is off by in the other variants."""
    errors = {name: [found.error_of(name, measure) for measure in ("p99_ms", "cpu_ms")] for name in VARIANTS}
    worst = max(errors, key=lambda name: abs(errors[name][0]))
    others = [spoken.signed(cpu) for _, cpu in sorted(errors.values(), key=lambda both: both[1])]
    return {"worst_p99": f"`{worst}`, {found.gap(worst, 'p99_ms')}", "cpu_from": others[0], "cpu_to": others[-1]}


def _tables(found: Findings) -> dict[str, str]:
    names = tuple(VARIANTS)
    return {
        "simulated": found.table(names, (*LOSSES, *DOUBLES), "sim"),
        "live": found.table(names, (*LOSSES, *DOUBLES), "live"),
        "prices": found.table(names, PRICES, "live"),
        "gap_losses": found.table((ONCE_AT_MOST,), LOSSES, "gap"),
        "gap_doubles": found.table((AT_LEAST,), DOUBLES, "gap"),
        "gap": found.table(names, PRICES, "gap"),
    }


def _elsewhere() -> dict[str, str]:
    """The chaos run, in which nothing may be lost."""
    chaos: Mapping[str, Any] = bench("chaos")
    counts = chaos["counts"]
    return {
        "chaos_faults": f"{len(chaos['sights'])}",
        "chaos_acknowledged": f"{counts['acknowledged']:,}",
        "chaos_delivered": f"{counts['delivered']:,}",
        "chaos_retried": f"{counts['retried']:,}",
        "chaos_lost": f"{counts['lost']:,}",
        "chaos_broken": f"{len(chaos['broken'])}",
    }
