# %% [markdown]
# # Failover, with and without jitter
#
# > **The on-call engineer asks:** "An edge died, and its viewers came back. All at once. Then the next edge died.
# > What was wrong with *try again in two seconds*?"
#
# An edge is killed under its viewers, and is there again after about two seconds. Its viewers retry with exponential
# backoff: with full jitter (each waits a random part of its delay), and without. Then the log stands still, with a
# circuit breaker before it and without.

# %%
import sys
from pathlib import Path
from random import Random

# Wherever this file is opened, the project's packages are in one of the folders above it.
sys.path.extend(str(f) for f in Path(globals().get("__file__", "_")).resolve().parents if (f / "simulation").is_dir())

from reference_impl.policy.retry import RetryConfig
from simulation.experiments.failover.plan import RECONNECTS, RESTART_S, SIZE
from simulation.faults import Ceiling
from simulation.model.returning import Returning, spread
from simulation.notebooks.charts import both
from simulation.notebooks.modelling import costs, model
from simulation.notebooks.playing import Slider, play
from simulation.notebooks.predicting import predict
from simulation.notebooks.showing import SERIES, THEORY, finding, number, paper, say, show, table

EDGES, LOGS = ("edge", "edge-no-jitter"), ("log", "log-no-breaker")
start_s = sum(costs("failover")["start_edge_s"]) / len(costs("failover")["start_edge_s"])
away_s = RESTART_S + start_s
say(
    f"{SIZE.edge_viewers} viewers at the edge that dies; it is away for {away_s:.1f} s. The first retry comes within "
    f"{RECONNECTS.base_s:g} s, each later one within twice as long, up to {RECONNECTS.cap_s:g} s."
)

# %% [markdown]
# ## Predict
#
# Put your answers in place of `None` before you go on. Nothing is revealed above this line.

# %%
peak = predict("Without jitter: how many viewers join in the busiest 100 ms?", None, unit="viewers")

# %%
spread_out = predict("And with full jitter?", None, unit="viewers")

# %%
who = predict(
    "With jitter, the unluckiest viewer is without comments...", None,
    choices=("for a shorter time than without", "for as long", "for a longer time than without"),
)  # fmt: skip

# %% [markdown]
# ## In closed form
#
# Without jitter all viewers have the same clock: they try after $b, 3b, 7b, \dots$, and the first try after the edge
# is back is *everybody's*: the peak is $N$.
#
# With full jitter a viewer whose delay has reached the cap $c$ tries at random, on average every $c/2$. So when the
# edge is back, $2N/c$ of them come a second, and fewer from then on: in a window of $w$ the peak is about $2Nw/c$.
# The last one comes up to $c$ later.

# %%
JOINING_S = 0.1
by_formula = 2 * SIZE.edge_viewers * JOINING_S / RECONNECTS.cap_s
modelled = model("failover", ("edge", "edge-no-jitter", "broker", "worker", *LOGS), 20)
table(
    ("most joins in 100 ms", "by formula", "simulated, 95 %"),
    [
        ("without jitter", f"{SIZE.edge_viewers}", f"{modelled.mean('edge-no-jitter', 'peak_joins'):.0f}"),
        (
            "with full jitter",
            f"{by_formula:.0f}",
            f"{modelled.mean('edge', 'peak_joins'):.1f} ± {modelled.interval('edge', 'peak_joins').half_width:.1f}",
        ),
    ],
)
peak.meets(modelled.mean("edge-no-jitter", "peak_joins"))
spread_out.meets(modelled.mean("edge", "peak_joins"))

# %% [markdown]
# The formula gives the mean of the first window; the busiest of several has some luck on top, which a larger crowd
# has less of.
#
# ## Simulate, and compare with the real server

# %%
figure, (joins, silence) = paper(2, height=2.4)
both(joins, modelled, EDGES, "peak_joins", from_zero=True)
joins.set(xlabel="most joins in 100 ms")
without, jitter = (modelled.mean(name, "peak_joins") for name in reversed(EDGES))
finding(joins, f"Jitter: a peak of {jitter:.0f}, not of {without:.0f}")
both(silence, modelled, EDGES, "gap_s", from_zero=True)
longer = modelled.mean("edge", "gap_s") - modelled.mean("edge-no-jitter", "gap_s")
silence.set(xlabel="longest silence, worst viewer, s")
finding(silence, f"for which the unluckiest waits {abs(longer):.1f} s {'longer' if longer > 0 else 'less'}")
silence.tick_params(labelleft=False)
figure.legend(*joins.get_legend_handles_labels(), loc="outside lower center", ncols=2)
show(figure)
waits = "longer" if longer > 0.05 else "shorter" if longer < -0.05 else ""
who.meets(f"for a {waits} time than without" if waits else "for as long")

# %%
modelled.beside_live(EDGES, ("gap_s", "gap_median_s", "peak_joins", "lost", "doubled"))

# %% [markdown]
# *Noise* is how far the live runs are from each other, relative to their median; where it is empty there was one run.
# The gap is between runs that had the same arrivals, so it is not the difference of the columns before it. Read every
# one beside its noise. Without jitter all try at the same moment in both worlds; what is counted are those who are let
# in, so the busiest 100 ms then tells how fast an edge lets viewers in, and the real one may need longer than that for
# its crowd. Whatever happens, nothing is lost and nothing comes twice: viewers come back with a cursor.
#
# The other parts, when they die: the broker is only a hint, so comments that it lost are found in the log within
# about a second; of a dead worker the lease has to end before another one takes over.

# %%
modelled.beside_live(("broker",), ("gap_s", "recovery_s"))
modelled.beside_live(("worker",), ("work_done_s",))

# %% [markdown]
# And a log that stands still is where a breaker shows what it is for:

# %%
modelled.beside_live(LOGS, ("waited", "refused", "accepted_again_s"))

# %% [markdown]
# A breaker saves authors the wait for an answer that will not come, and gives the log nothing to do while it is down.
# It costs a little at the end, since it looks only now and then whether the log is back.
#
# ## Play
#
# A real edge holds more than a hundred viewers. Who comes back when, by the client's own retry policy? The edge lets
# in 2,000 a second and refuses the rest, who try again.

# %%
STEP_S, TAKES_PER_S, GIVEN_UP_S = 0.1, 2_000.0, 600.0


def storm(viewers, cap_s, outage_s, jitter=True, takes_per_s=TAKES_PER_S):
    """Tries and joins in each step, until everybody is back."""
    config = RetryConfig(base_s=RECONNECTS.base_s, cap_s=cap_s, attempts_max=100_000)
    crowd = Returning(config, STEP_S, Random(1) if jitter else Ceiling())
    crowd.failed(0, viewers, 0.0)
    tried, joined = [], []
    while crowd.waiting and len(tried) * STEP_S < GIVEN_UP_S:
        coming, now_s = crowd.due(len(tried)), (len(tried) + 1) * STEP_S
        counts = [count for _, count in coming]
        taken = int(min(sum(counts), takes_per_s * STEP_S)) if now_s > outage_s else 0
        lucky = spread(taken, counts) if taken else [0] * len(counts)
        for (failures, count), let_in in zip(coming, lucky, strict=True):
            crowd.failed(failures, count - let_in, now_s)
        tried.append(sum(counts))
        joined.append(taken)
    return tried, joined


def back_after(joined, viewers):
    """In words."""
    return (
        f"all back after {len(joined) * STEP_S:,.0f} s"
        if sum(joined) == viewers
        else f"not all back after {GIVEN_UP_S:g} s"
    )


def comeback(viewers, cap_s):
    figure, (axis,) = paper()
    found = {jitter: storm(viewers, cap_s, away_s, jitter) for jitter in (False, True)}
    for jitter, (tried, _) in found.items():
        at_s, name = (
            [step * STEP_S for step in range(len(tried))],
            "full jitter" if jitter else "without jitter, in waves",
        )
        axis.step(
            at_s, [each / STEP_S for each in tried], color=SERIES[0 if jitter else 4], linewidth=1.2,
            label=name,
        )  # fmt: skip
    axis.axvline(away_s, color=THEORY, linestyle=":", linewidth=1)
    axis.axhline(
        TAKES_PER_S, color="#999999", linewidth=1.2, linestyle="--", label=f"the edge takes {TAKES_PER_S:,.0f}/s"
    )
    shown_s = min(120.0, 3 * len(found[True][0]) * STEP_S)
    axis.set(yscale="symlog", xlim=(0, shown_s), ylim=(0, None), ylabel="tries/s (log)")
    axis.set(xlabel="s since the edge died (dotted: it is there again)")
    axis.yaxis.set_major_formatter(lambda value, _: number(value))
    smooth, waves = (back_after(found[jitter][1], viewers) for jitter in (True, False))
    finding(axis, f"{viewers:,} viewers, delays up to {cap_s:g} s: with jitter {smooth}; without, {waves}")
    figure.legend(*axis.get_legend_handles_labels(), loc="outside lower center", ncols=3)
    return figure


play(
    comeback, viewers=Slider((150, 1_000, 10_000, 50_000), 10_000), cap_s=Slider((2.0, 5.0, 15.0, 30.0, 60.0), 5.0, "s")
)

# %% [markdown]
# The dashed line is what the edge takes. A cap of $c \ge 2N / 2000$ seconds keeps the crowd below it: the retry policy
# and the capacity of the door are one decision.
#
# ## Break it on purpose
#
# Take the jitter away from fifty thousand viewers with delays up to two seconds. Each wave is let in only as far as
# one tenth of a second goes; everybody else waits for the next wave, together.

# %%
CROWD = 50_000
rows = []
for name, jitter in (("full jitter", True), ("without jitter", False)):
    tried, joined = storm(CROWD, 2.0, away_s, jitter)
    rows.append((name, f"{max(tried) / STEP_S:,.0f}", f"{sum(tried) / CROWD:.0f}", back_after(joined, CROWD)))
table((f"{CROWD:,} viewers", "most tries/s", "tries of each viewer", "and"), rows)

# %% [markdown]
# Between two waves the door stands open, and nobody comes. Live:
# `./livecomments run failover --sweep edge_viewers=50,150,300`.
#
# ## In an interview
#
# *"When an edge dies its viewers are a crowd that fails at the same moment, so their retries must not have the same
# clock: full jitter, a delay drawn from all of the interval, capped by what the rest of the fleet can take, about
# twice the viewers over the joins a second. A planned restart hands out slots instead. They come back with a cursor,
# so nothing is lost in between. For calls to the log I add a deadline, a retry budget and a breaker: while it is
# down, a refusal now is better than a timeout later."*
#
# The lesson: [Failover, retries, jitter, breakers](../lessons/08-failover.md). Its exercises:
# `./livecomments check 08`. The report: [what viewers see when something dies](../lessons/failures.md).
