# %% [markdown]
# # Hot partitions
#
# > **The on-call engineer asks:** "We split the log over four databases so that no stream can slow the others down.
# > Tonight one stream went viral, and everybody is slow. What did we miss?"
#
# Five ways of splitting a log, one viral stream among many, partitions that each take so many rows a second and no
# more.

# %%
import sys
from dataclasses import replace
from pathlib import Path

# Wherever this file is opened, the project's packages are in one of the folders above it.
sys.path.extend(str(f) for f in Path(globals().get("__file__", "_")).resolve().parents if (f / "simulation").is_dir())

import numpy as np
from reference_impl.policy.partitioning import Partitioning, strategy
from simulation.experiments.hot_partition.family import CASE
from simulation.experiments.hot_partition.plan import VIRAL, schedule
from simulation.notebooks.charts import both, curve, log_scale
from simulation.notebooks.modelling import model
from simulation.notebooks.playing import Slider, play
from simulation.notebooks.predicting import predict
from simulation.notebooks.showing import MARKS, SERIES, THEORY, finding, paper, say, show, table

ALL = ("by_stream", "by_time", "by_user", "by_comment", "hot_split")
say(
    f"{CASE.partitions} partitions that take {1e6 / CASE.row_us:,.0f} rows/s each; {CASE.streams} streams, one with "
    f"{CASE.viral_share:.0%} of {CASE.per_s:g} comments/s. A comment is two rows at least."
)

# %% [markdown]
# ## Predict
#
# Put your answers in place of `None` before you go on. Nothing is revealed above this line.
#
# | strategy | a comment lives |
# |---|---|
# | `by_stream` | at its stream's home |
# | `by_time` | at its stream's and minute's place |
# | `by_user` | with its author's others |
# | `by_comment` | by a consistent hash of its id |
# | `hot_split` | at home, until the stream is hot; then spread by its id |

# %%
skew = predict("By stream: how many times the mean has the fullest partition?", None, unit="times")

# %%
worst = predict("Which makes the *other* streams wait the longest?", None, choices=ALL)

# %%
asked = predict(
    "By user: how many of the four partitions are asked for one page of a small stream?", None, unit="partitions"
)

# %% [markdown]
# ## In closed form
#
# The viral stream has a share $v$ of all comments, the others are spread evenly over $P$ partitions. By stream its
# home gets $v + (1 - v)/P$ of everything, which is $1 + v(P - 1)$ times the mean. Spread by a hash, every partition
# gets the same but for luck. All of that is arithmetic over `place(...)`, the server's own policy:


# %%
def fullest(name, comments):
    """How many times the mean the fullest partition has."""
    plan = strategy(Partitioning(name), CASE.partitions)
    places = [plan.place(draft.stream, draft.author, draft.id, due_s) for due_s, draft in comments]
    counts = np.bincount(places, minlength=CASE.partitions)
    return counts.max() / counts.mean()


comments, _ = schedule(replace(CASE, seed=1))
by_formula = 1 + CASE.viral_share * (CASE.partitions - 1)
table(
    ("", "fullest / mean"),
    [
        ("by stream, formula", f"{by_formula:.2f}"),
        *((f"`{name}`", f"{fullest(name, comments):.2f}") for name in ("by_stream", "by_user", "by_comment")),
    ],
)
skew.meets(by_formula, digits=1)

# %% [markdown]
# ## Simulate, and compare with the real log

# %%
modelled = model("hot_partition", ALL, 4)
figure, (wait, balance) = paper(2)
both(wait, modelled, ALL, "cold_p99_ms")
slowest = max(ALL, key=lambda name: modelled.mean(name, "cold_p99_ms"))
calmest = min(ALL, key=lambda name: modelled.mean(name, "cold_p99_ms"))
log_scale(wait, "x", (100, 300, 1_000, 3_000))
wait.set(xlim=(90, 3_500), xlabel="append p99 of the other streams, ms (log)")
finding(wait, f"{slowest} makes the others wait most, {calmest} least")
both(balance, modelled, ALL, "skew")
balance.set(xlabel="fullest partition / mean", xlim=(0.9, None))
finding(balance, "Balance alone does not say who waits")
balance.tick_params(labelleft=False)
figure.legend(*wait.get_legend_handles_labels(), loc="outside lower center", ncols=2)
show(figure)

# %%
modelled.beside_live(ALL, ("cold_p99_ms", "skew", "cold_page_partitions"))
worst.meets(slowest)
asked.meets(modelled.mean("by_user", "cold_page_partitions"), digits=1)

# %% [markdown]
# *Noise* is how far the live runs are from each other, relative to their median. The gap is between runs that had the
# same arrivals, so it is not the difference of the columns before it. Read every one beside its noise.
#
# Why does moving on every minute do worse than nothing? This minute's partition is as hot as the home was, and once a
# log is split each comment costs more rows: its place in the order is reserved first, in a commit of its own. So the
# others wait longer, evenly.
#
# What readers pay is in the last lines: who spreads every stream asks nearly all partitions for the smallest page.
#
# ## Play
#
# How hot is the viral stream? Where does splitting it begin to pay?

# %%
SHARES_PCT = (10, 40, 60, 75, 90)
SPLIT = ("by_stream", "by_user", "hot_split")


def shared(viral_share_pct, names=SPLIT):
    """A shorter run of the same, without pages and backlog."""
    return model("hot_partition", names, 3, viral_share=viral_share_pct / 100, seconds=2.4, backlog=100, pages=20)


def by_share(viral_share):
    figure, (axis,) = paper()
    for name, color, marker in zip(SPLIT, SERIES, MARKS, strict=False):
        curve(
            axis, SHARES_PCT, lambda pct, name=name: shared(pct).values(name, "cold_p99_ms"), label=name, color=color,
            marker=marker,
        )  # fmt: skip
    home, split = (shared(viral_share).mean(name, "cold_p99_ms") for name in ("by_stream", "hot_split"))
    axis.axvline(viral_share, color=THEORY, linestyle=":", linewidth=1)
    axis.set(
        xlabel="the viral stream's share of all comments, %", ylabel="append p99 of the others, ms", ylim=(0, None)
    )
    finding(axis, f"One stream has {viral_share} % of all: by_stream {home:,.0f} ms, hot_split {split:,.0f} ms")
    axis.legend()
    return figure


play(by_share, viral_share=Slider(SHARES_PCT, 90, "%"))

# %% [markdown]
# ## Break it on purpose
#
# Python's `hash("viral")` is another number in every process. Here is a log whose two servers partition by it: each
# is sure where the viral stream is, and they do not agree. (Servers that share a log need a hash that is written
# down; the policy takes BLAKE2b.)


# %%
def salted(name, process):
    """What `hash(name)` does, but the same in every run of this cell."""
    return np.random.default_rng([process, *name.encode()]).integers(CASE.partitions)


streams = [VIRAL, *(f"stream{number}" for number in range(1, CASE.streams))]
apart = sum(salted(name, 1) != salted(name, 2) for name in streams)
say(f"Two processes disagree about **{apart} of {len(streams)}** streams (on average {1 - 1 / CASE.partitions:.0%}).")

# %% [markdown]
# Then break it live: `./livecomments run hot_partition --sweep per_s=800,1600`. At twice the rate no strategy has
# rows to spare.
#
# ## In an interview
#
# *"I partition by stream, because order and reads want it. That has one hot partition on the night that matters, and
# everybody who shares it waits. So I measure each stream, and past a threshold I spread that one stream by comment
# id, behind a sequencer that reserves ranges, so there is still one order; a watermark keeps readers behind the first
# hole. Time buckets do not help: this minute is as hot as the last. By user is even, but then the smallest page asks
# every partition."*
#
# The lesson: [Data model and hot partitions](../lessons/05-hot-partitions.md). Its exercises:
# `./livecomments check 05`. The report: [a stream that outgrows its partition](../lessons/partitions.md).
