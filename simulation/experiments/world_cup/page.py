"""The page on the final: what there is to see on it, with every figure taken from a result.

Each paragraph names what it compares and gives both figures, so that it is right whatever they are; what it says of
them beyond that a test holds against the committed result.
"""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from reference_impl.policy.degradation import Rung
from simulation.experiments.world_cup.plan import AS_PLANNED, OWN_REGION, PLACES, VARIANTS, Plan, in_words
from simulation.model.mixture import Array

PROMPT_MS = 1000.0
AS_BEFORE = 1.2  # times as much egress as before a cut is as before
BARE, UNSPREAD, NARROW = "no display budget", "no jitter", "windows of 20 ms"

Document = Mapping[str, Any]


class Found:
    """A result's first replication, by variant."""

    def __init__(self, document: Document) -> None:
        rows = [row for row in document["observations"] if row["repeat"] == 0]
        self._rows = {row["variant"]: row for row in rows}
        self.plan = VARIANTS[AS_PLANNED]

    def value(self, measure: str, variant: str = AS_PLANNED) -> float:
        return float(self._rows[variant]["values"][measure])

    def facts(self, variant: str = AS_PLANNED) -> Mapping[str, Any]:
        facts: Mapping[str, Any] = self._rows[variant]["facts"]
        return facts

    def series(self, name: str, variant: str = AS_PLANNED) -> Array:
        """Of shape (seconds,)."""
        return np.array(self.facts(variant)["series"][name], dtype=np.float64)

    def p99_ms(self, region: str, variant: str = AS_PLANNED) -> Array:
        """Second by second, of shape (seconds,)."""
        return np.array(self.facts(variant)["series"]["p99_ms"][region], dtype=np.float64)

    def phase_s(self, phase: str, region: str, variant: str = AS_PLANNED) -> float:
        """p99, s."""
        return float(self.facts(variant)["phases"][phase][region]["p99_ms"]) / 1000


def markdown(document: Document) -> str:
    """What to see, the bill and the books; question, answer and table are those of every experiment."""
    found = Found(document)
    told: list[Callable[[Found], str]] = [
        _goal, _without_budget, _lost_cluster, _without_jitter, _cut_region, _quiet_seconds, _bill,
    ]  # fmt: skip
    numbered = [f"{number}. {tell(found)}" for number, tell in enumerate(told, 1)]
    return "\n".join([*numbered, "", _books(found)])


def planned(document: Document) -> str:
    """What is played, and on what."""
    found = Found(document)
    plan, costs = found.plan, found.plan.cluster.costs
    clusters = sum(len(place.pops_ms) for place in PLACES.values())
    shares = ", ".join(f"{place.share:.0%} in {in_words(region)}" for region, place in PLACES.items())
    begin_s, end_s = plan.cut_s
    return (
        f"{plan.viewers:,} viewers ({shares}), {plan.base_per_s:,.0f} comments/s while nothing happens and "
        f"{plan.peak_per_s:,.0f} at a goal, with the bursts of a recorded chat, {plan.edges} edges in {clusters} "
        f"clusters, {plan.seconds / 60:g} minutes. Goals at {_clock(plan.goals_s[0])} and {_clock(plan.goals_s[1])}; "
        f"at the second one the cluster {_place(plan)} is lost with {_lost(plan):,.0f} viewers, and from "
        f"{_clock(begin_s)} {in_words(plan.cut)} is cut off for {end_s - begin_s:g} s. An edge is one core with up to "
        f"{plan.edge_viewers_max:,} viewers in about {found.facts()['rooms']} rooms, at {costs.send_s * 1e6:g} µs a "
        f"write and {costs.comment_s * 1e6:g} µs for each comment in it. If it received all comments itself, at "
        f"{costs.receive_s * 1e6:g} µs each, a goal alone would take {plan.peak_per_s * costs.receive_s:.1f} cores of "
        f"every edge: so samples are decided once in each region.{_took(found)}"
    )


def _took(found: Found) -> str:
    took_s = found.facts().get("core_s")
    return f" One replication of the plan took {took_s:.0f} s of one core." if took_s else ""


def _goal(found: Found) -> str:
    home, plan = next(iter(PLACES)), found.plan
    posted, shed = found.series("posted_per_s"), found.series("shed_pct")
    before, goal = _seconds(posted, 0, plan.goals_s[0]), _seconds(posted, *plan.goals_s)
    before_s, first_s = (found.phase_s(phase, home) for phase in ("before", "first goal"))
    return (
        f"**A goal, and what it does to latency.** {goal.max():,.0f} comments are posted in its busiest second, "
        f"{goal.max() / before.mean():.1f} times as many as before it; p99 in {in_words(home)} is {first_s:.2f} s, "
        f"before it {before_s:.2f} s. A viewer is shown {found.value('shown_per_s'):.0f} comments/s of his room; what "
        f"grows is the share that is left out, from {_seconds(shed, 0, plan.goals_s[0]).mean():.0f} % to "
        f"{_seconds(shed, *plan.goals_s).max():.1f} %."
    )


def _without_budget(found: Found) -> str:
    home = next(iter(PLACES))
    before_s, first_s, second_s = (
        found.phase_s(phase, home, BARE) for phase in ("before", "between", "second goal, cluster lost")
    )
    dearer = found.value("total_usd", BARE) / found.value("total_usd")
    shown, due = found.value("shown_per_s", BARE), _due_per_s(found)
    return (
        f"**Without the display budget** each viewer is due his whole room, {due:,.0f} comments/s on average, and an "
        f"edge's loop brings him {shown:,.0f}: p99 in {in_words(home)} is {before_s:.1f} s before the first goal, "
        f"{first_s:.0f} s between the goals and {second_s:.0f} s after the second, although the ladder's rung "
        f"is {Rung(found.facts(BARE)['rungs_most']).name}. The bill is {dearer:.1f} times that of the plan."
    )


def _lost_cluster(found: Found) -> str:
    plan, lost = found.plan, _lost(found.plan)
    first_s = ", ".join(f"{plan.retry.base_s * 2**number:g}" for number in range(3))
    return (
        f"**A lost cluster is a storm of tries.** {lost:,.0f} viewers of {_place(plan)} try "
        f"{found.value('tries_peak_per_s'):,.0f} times in the busiest second, because the first ceilings of the "
        f"backoff are {first_s} s; an edge lets {plan.cluster.connections.joins_per_s:g} in a second. With full jitter "
        f"and other regions to go to, half are back after {found.value('gap_p50_s'):.0f} s and 99 % after "
        f"{found.value('gap_p99_s'):.0f} s; {_away(found.value('away'))} at the end. With "
        f"{VARIANTS[OWN_REGION].edges} edges instead of {plan.edges} and no other region to go to (`{OWN_REGION}`) it "
        f"is {found.value('gap_p50_s', OWN_REGION):.0f} s and {found.value('gap_p99_s', OWN_REGION):.0f} s, and p99 "
        f"there is {found.value('lost_p99_ms', OWN_REGION) / 1000:.2f} s, not "
        f"{found.value('lost_p99_ms') / 1000:.2f} s."
    )


def _without_jitter(found: Found) -> str:
    plan = found.plan
    after_s = plan.seconds - plan.goals_s[1]
    return (
        f"**Without jitter** {_away(found.value('away', UNSPREAD))} {after_s:.0f} s later. They come in lumps, and "
        f"then every {plan.retry.cap_s:g} s; of each lump an edge admits one second's worth and refuses the rest, who "
        "all wait the full cap again."
    )


def _cut_region(found: Found) -> str:
    plan, egress = found.plan, found.series("egress_tbit_per_s")
    begin_s, end_s = plan.cut_s
    usual = float(np.median(_seconds(egress, 0, plan.goals_s[1])))
    after = _seconds(egress, end_s, plan.seconds)
    lacked = found.value("shown_per_s") * (end_s - begin_s)
    late = np.flatnonzero(_seconds(found.p99_ms(plan.cut), end_s, plan.seconds) > PROMPT_MS)
    return (
        f"**A cut region is quiet, then loud.** Viewers in {in_words(plan.cut)} stay connected and see nothing for "
        f"{end_s - begin_s:g} s. Afterwards each is given the about {lacked:,.0f} comments that his room was shown "
        f"elsewhere, in slices: egress of the whole event goes from {usual:.2f} to {after.max():.2f} Tbit/s and is "
        f"high for {int((after > AS_BEFORE * usual).sum())} s, and what is posted there is prompt again after "
        f"{int(late.max()) + 1 if len(late) else 0} s. Plan egress for the catching up, not for the goal."
    )


def _quiet_seconds(found: Found) -> str:
    home, posted = next(iter(PLACES)), found.series("posted_per_s")
    late_ms, planned_ms = found.p99_ms(home, NARROW), found.p99_ms(home)
    at_s = int(late_ms.argmax())
    window_s = VARIANTS[NARROW].cluster.coalescing.window_s
    return (
        f"**The quietest seconds may be the hardest.** When fewer comments come than a room's budget shows, each is "
        f"shown at once, in a frame of its own. With windows of {window_s * 1000:g} ms p99 in {in_words(home)} is "
        f"highest at {_clock(at_s)}, with {late_ms.max() / 1000:.1f} s, while {posted[at_s]:,.0f} comments/s are "
        f"posted (at the goals up to {posted.max():,.0f}); with windows of "
        f"{found.plan.cluster.coalescing.window_s * 1000:g} ms it is {planned_ms[at_s] / 1000:.2f} s in "
        f"that second, and {planned_ms.max() / 1000:.2f} s at most."
    )


def _bill(found: Found) -> str:
    paid = found.facts()["bill"]
    prices = paid["prices"]
    cores = paid["edges"] + paid["api_processes"] + paid["partitions"]
    return (
        f"**The bill.** {cores} cores ({paid['edges']} edges, {paid['api_processes']} API processes, "
        f"{paid['partitions']} partitions of the log) for {prices['hours']:g} hours are {paid['cores_usd']:,.0f} USD, "
        f"{paid['egress_tb']:,.0f} TB sent are {paid['egress_usd']:,.0f} USD, at {prices['core_hour_usd']:g} USD a "
        f"core-hour and {prices['egress_gb_usd']:g} USD a GB: put in your own. {found.value('egress_tbit_per_s'):.2f} "
        "Tbit/s have to be there for the catching up."
    )


def _books(found: Found) -> str:
    books, posts = found.facts()["books"], found.facts()["posts"]
    return (
        f"**Do the books balance?** Of {posts['offered']:,} posts {posts['accepted']:,} were accepted, "
        f"{posts['limited']:,} came too often from one author, and {posts['unsent']:,} did not leave the region that "
        f"was cut off. Every pair of a viewer and an accepted comment, {books['due']:.2e} of them, is delivered, "
        f"shed or missed, once ({books['error']:.0e} off); Little's law holds at every edge "
        f"({books['littles_error']:.0e} off); else the run is void. Of a million comments that should have been shown "
        f"{found.value('missed_ppm'):.0f} were missed, by viewers who were away for longer than an edge's resume ring "
        "reaches."
    )


def _seconds(values: Array, begin_s: float, end_s: float) -> Array:
    return values[round(begin_s) : round(end_s)]


def _due_per_s(found: Found) -> float:
    """Comments of a viewer's own room, on average over the match."""
    shown, shed = found.series("shown_per_s", BARE), found.series("shed_pct", BARE)
    kept = shed < 100
    return float((shown[kept] / (1 - shed[kept] / 100)).mean())


def _lost(plan: Plan) -> float:
    region, _ = plan.lost
    return plan.viewers_of(region) / len(PLACES[region].pops_ms)


def _place(plan: Plan) -> str:
    region, pop = plan.lost
    return f"{in_words(region)}/{pop}"


def _away(viewers: float) -> str:
    return f"{viewers:,.0f} are still outside" if viewers else "nobody is still outside"


def _clock(at_s: float) -> str:
    return f"{int(at_s) // 60}:{int(at_s) % 60:02d}"
