# %% [markdown]
# # Fan-out: one comment to everybody
#
# > **The producer asks:** "A goal. Fifty comments a second, and every one of them goes to every phone. How many
# > phones can one server do, and what do we do about the rest?"
#
# The server can write at once, once per window, from a queue for each viewer, or to edges that write to viewers.
# Predict, compute, simulate, compare with the real server, and then add viewers until it breaks.

# %%
import sys
from pathlib import Path

# Wherever this file is opened, the project's packages are in one of the folders above it.
sys.path.extend(str(f) for f in Path(globals().get("__file__", "_")).resolve().parents if (f / "simulation").is_dir())

import numpy as np
from simulation.experiments.fan_out.family import SIZE
from simulation.notebooks.charts import both, curve, log_scale
from simulation.notebooks.modelling import costs, model
from simulation.notebooks.playing import Slider, play
from simulation.notebooks.predicting import predict
from simulation.notebooks.showing import MARKS, SERIES, THEORY, finding, paper, say, show, table
from simulation.theory import batch_md1_mean_s

PUSHED = ("write-at-once", "write-20ms", "write-100ms", "write-queues", "tree-2")
ALL = (*PUSHED[:4], "read-1s", "hybrid-2s", "tree-2")
say(f"{SIZE.viewers:,} viewers, {SIZE.rate_per_s:g} comments/s, one core for the server.")

# %% [markdown]
# ## Predict
#
# Put your answers in place of `None` before you go on. Nothing is revealed above this line.

# %%
dearest = predict(
    "Which of these keeps the server busiest?",
    None,
    choices=("write-at-once", "write-100ms", "write-queues", "read-1s"),
)

# %%
window = predict(
    "By how much does a window of 20 ms delay the median comment, against writing at once?", None, unit="ms"
)

# %%
most = predict("How many viewers can one core write to at once, at fifty comments a second?", None, unit="viewers")

# %% [markdown]
# ## In closed form
#
# A comment is a batch of $N$ deliveries, served one after the other for $s$ seconds each: $M^{[X]}/D/1$. One core is
# busy for $\rho = \lambda N s$ of its time, so it can have at most $N = 1/(\lambda s)$ viewers, and well before that
# the queue grows without end. A window of $W$ makes at most $1/W$ writes a second to each viewer, whatever the rate,
# and delays a comment by up to $W$. The probes have measured $s$ as a whole fan-out over its viewers:


# %%
def deliveries(events):
    """Viewers and seconds on the loop of each fan-out that was probed, of one comment."""
    probed = costs("fan_out")
    rows = np.array([*probed["write-at-once"]["fan_outs"], *probed["larger"]["write-20ms"]])
    return rows[rows[:, 2] == events][:, [0, 3]]


fan_outs = deliveries(events=1)
sizes = np.unique(fan_outs[:, 0])
medians_s = [float(np.median(fan_outs[fan_outs[:, 0] == viewers, 1])) for viewers in sizes]
send_s = float(np.polyfit(sizes, medians_s, 1)[0])
at_most = 1 / (SIZE.rate_per_s * send_s)
say(f"A delivery takes {send_s * 1e6:.1f} µs, so one core is used up at **{at_most:,.0f} viewers**.")
most.meets(at_most)

# %%
VIEWERS = (100, 300, 600, 1_000, 1_500, 2_000, 2_500)


def at_once(viewers, measure):
    return model("fan_out", ("write-at-once",), 8, viewers=viewers).values("write-at-once", measure)


def queue_ms(viewers):
    return batch_md1_mean_s(SIZE.rate_per_s, send_s, viewers, 0.0) * 1000


figure, (axis,) = paper()
log_scale(axis, "y")
curve(
    axis,
    VIEWERS,
    lambda viewers: at_once(viewers, "p50_ms"),
    label="model, median with its 95 % interval",
    color=SERIES[1],
)
steps = np.linspace(50, at_most * 0.985, 200)
axis.plot(
    steps, [queue_ms(viewers) for viewers in steps], "--", color=THEORY, label="$M^{[X]}/D/1$, mean of the queue alone"
)
axis.axvline(at_most, color=SERIES[4], linewidth=1)
axis.text(at_most, 2.2, f"full: {at_most:,.0f} ", color=SERIES[4], ha="right")
axis.set(ylim=(1, 1_000), xlabel="viewers, each written to at once", ylabel="latency, ms (log)")
finding(axis, "A fan-out is a queue of batches: late long before it is full")
axis.legend(loc="upper left")
show(figure)

# %% [markdown]
# The model stands above the formula where there are few viewers, because a comment also has to be posted, stored and
# carried; and its arrivals last for seconds, not for ever, so that close to full its queue has not had the time to
# grow as the formula says.
#
# ## Simulate, and compare with the real server

# %%
modelled = model("fan_out", ALL)
figure, (late, busy) = paper(2)
both(late, modelled, ALL, "p50_ms")
log_scale(late)
late.set(xlabel="latency p50, ms (log)")
finding(late, "A window costs milliseconds, asking half a second")
both(busy, modelled, ALL, "server_busy_pct", from_zero=True)
queues = modelled.mean("write-queues", "server_busy_pct") / modelled.mean("write-20ms", "server_busy_pct")
busy.set(xlabel="server process, % of a core")
finding(busy, f"A queue for each viewer costs {queues:.1f} times as much")
busy.tick_params(labelleft=False)
figure.legend(*late.get_legend_handles_labels(), loc="outside lower center", ncols=2)
show(figure)

# %%
modelled.beside_live(("write-at-once", "write-20ms", "write-queues", "tree-2"), ("p50_ms", "p99_ms", "server_busy_pct"))
dearest.meets(
    max(
        ("write-at-once", "write-100ms", "write-queues", "read-1s"),
        key=lambda name: modelled.mean(name, "server_busy_pct"),
    )
)
window.meets(modelled.mean("write-20ms", "p50_ms") - modelled.mean("write-at-once", "p50_ms"), digits=1)

# %% [markdown]
# *Noise* is how far the live runs are from each other, relative to their median; where it is empty there was one run.
# The gap is between runs that had the same arrivals, so it is not the difference of the columns before it. Read every
# one beside its noise. `tree-2` is the API process alone: what the edges take is theirs, on cores of their own.
#
# ## Play
#
# Viewers, and how they are written to. Where does each way leave the screen?

# %%
CROWDS = (100, 300, 1_000, 3_000, 10_000)
SHOWN = ("write-at-once", "write-20ms", "write-100ms", "tree-2")


def crowd(viewers, replications=4):
    return model("fan_out", SHOWN, replications, viewers=viewers)


def ways(viewers):
    figure, (axis,) = paper()
    log_scale(axis, "x", CROWDS)
    log_scale(axis, "y")
    for name, color, marker in zip(SHOWN, SERIES, MARKS, strict=False):
        curve(
            axis, CROWDS, lambda n, name=name: crowd(n).values(name, "p99_ms"), label=name, color=color, marker=marker
        )
    here = {name: crowd(viewers).mean(name, "p99_ms") for name in SHOWN}
    best = min(here, key=here.get)
    axis.axvline(viewers, color=THEORY, linestyle=":", linewidth=1)
    axis.axhline(1_000, color="#999999", linewidth=0.8)
    axis.text(CROWDS[0], 1_150, "one second", color="#666666", fontsize=8.5)
    axis.set(xlabel="viewers (log)", ylabel="latency p99, ms (log)", ylim=(4, 50_000))
    finding(
        axis,
        f"{viewers:,} viewers: {best} has a p99 of {here[best]:,.0f} ms, at once {here[SHOWN[0]]:,.0f} ms",
    )
    axis.legend(ncols=2, loc="upper left")
    return figure


play(ways, viewers=Slider(CROWDS, 10_000))

# %% [markdown]
# A window does not make a write cheaper: it makes fewer of them, and so a server that would drown stays afloat.
#
# ## Break it on purpose
#
# Give each viewer a queue and a task of its own, which is how most examples do it (`write-queues` is sse-starlette),
# and a thousand viewers.

# %%
broken = model("fan_out", ("write-20ms", "write-queues"), 3, viewers=1_000)
table(
    ("1,000 viewers", "latency p50, ms", "p99, ms", "server, % of a core"),
    [
        [f"`{name}`", *(f"{broken.mean(name, measure):,.0f}" for measure in ("p50_ms", "p99_ms", "server_busy_pct"))]
        for name in ("write-20ms", "write-queues")
    ],
)
say(
    "More than the whole core is asked for, so the queue grows for as long as comments come. "
    "The window is the same; what differs is an encoding, a queue and a task for each viewer and comment."
)

# %% [markdown]
# Then run it live: `./livecomments run fan_out --sweep viewers=100,1000 --engine both`.
#
# ## In an interview
#
# *"One comment to N viewers is N writes, and that product is the budget: rate times viewers times what a write costs,
# against one. I encode once, write once per window and viewer, and keep the sockets in plain arrays. Past some
# thousands of viewers I split them over edges, not the channel into shards, because an edge with one viewer of the
# stream needs all of it. Below the edges nothing changes: a tree divides the writes by the number of its leaves."*
#
# The lesson: [Fan-out](../lessons/04-fan-out.md). Its exercises: `./livecomments check 04`. The report: [what a
# delivery costs](../lessons/edge.md).
