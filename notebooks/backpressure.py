# %% [markdown]
# # Backpressure and slow readers
#
# > **The on-call engineer asks:** "One viewer in twenty sits in a train. The server keeps what they have not read
# > yet, and its memory grows. What do we do with them, and does everybody else pay for it?"
#
# Three endings for a viewer whose queue is full. Then the other end: authors who post more than the server takes.

# %%
import sys
from dataclasses import replace
from functools import cache
from pathlib import Path

# Wherever this file is opened, the project's packages are in one of the folders above it.
sys.path.extend(str(f) for f in Path(globals().get("__file__", "_")).resolve().parents if (f / "simulation").is_dir())

from simulation.experiments.backpressure.plan import COMMENT_BYTES, SIZE, cases
from simulation.experiments.backpressure.sim import simulate
from simulation.notebooks.charts import both, log_scale
from simulation.notebooks.modelling import costs, model
from simulation.notebooks.playing import Slider, play
from simulation.notebooks.predicting import predict
from simulation.notebooks.showing import MARKS, SERIES, THEORY, finding, paper, say, show, table
from simulation.replications import Streams

ENDINGS = ("drop_oldest", "skip_to_head", "disconnect")
CROWDED = ("everybody_admitted", "authors_limited")
slow, case = SIZE.viewers // 20, cases(0)["drop_oldest"]
say(
    f"{SIZE.viewers:,} viewers, {slow} of them slow: half of those read a tenth of the stream, "
    f"the others nothing for half of the time. "
    f"{SIZE.slow_per_s:g} comments/s of {COMMENT_BYTES:,.0f} bytes. A queue holds {case.queue_bytes // 1024} KiB."
)

# %% [markdown]
# ## Predict
#
# Put your answers in place of `None` before you go on. Nothing is revealed above this line.

# %%
memory = predict("How much is queued for the slow ones at most, all together?", None, unit="KiB")

# %%
others = predict(
    "The p99 of those who keep up: which ending makes it worst?", None, choices=("none, all the same", *ENDINGS)
)

# %%
storm = predict(
    "Authors post 1,100 comments/s for 5 s, and all are let in. How late is the slowest hundredth of comments?",
    None,
    unit="ms",
)

# %% [markdown]
# ## In closed form
#
# **A bound is a promise about memory.** With $n$ slow viewers and queues of $q$ bytes there is never more than
# $n\,q$, for any stream and any number of trains. Without the bound it grows by what is sent minus what is read, for
# as long as the train is in the tunnel. A queue that fills at rate $r$ is full after $q / r$.
#
# **Too many authors are a fluid.** What comes at $\lambda$ and is served at $\mu < \lambda$ waits ever longer: after
# $t$ seconds a new one waits $t\,(\lambda/\mu - 1)$. The 99th percentile of $T$ seconds is nearly the last one's
# wait.

# %%
bytes_per_s = SIZE.slow_per_s * COMMENT_BYTES
modelled = model("backpressure", (*ENDINGS, *CROWDED), 3)
accepted_per_s = modelled.mean("everybody_admitted", "accepted_per_s")
bound_kib = slow * case.queue_bytes / 1024
fluid_ms = 0.99 * SIZE.crowded_s * (SIZE.crowded_per_s / accepted_per_s - 1) * 1000
table(
    ("", "by formula", "simulated"),
    [
        (
            "queued at most (drop_oldest), KiB",
            f"{bound_kib:,.0f}",
            f"{modelled.mean('drop_oldest', 'queued_peak_kb'):,.0f}",
        ),
        ("a stalled reader's queue is full after, s", f"{case.queue_bytes / bytes_per_s:.2f}", ""),
        (
            "p99 when all authors are let in, ms",
            f"{fluid_ms:,.0f}",
            f"{modelled.mean('everybody_admitted', 'append_p99_ms'):,.0f}",
        ),
    ],
)
memory.meets(bound_kib)
storm.meets(modelled.mean("everybody_admitted", "append_p99_ms"))

# %% [markdown]
# ## Simulate, and compare with the real server

# %%
figure, (got, fast) = paper(2)
delivered = [modelled.mean(name, "slow_delivered_pct") for name in ENDINGS]
skipped = [modelled.mean(name, "slow_skipped_pct") for name in ENDINGS]
got.barh(ENDINGS, delivered, color=SERIES[0], height=0.55, label="delivered")
got.barh(ENDINGS, skipped, left=delivered, color="#c9c9c9", height=0.55, label="told: left out")
rest = [100 - a - b for a, b in zip(delivered, skipped, strict=True)]
got.barh(
    ENDINGS,
    rest,
    left=[100 - each for each in rest],
    color="none",
    edgecolor="#999999",
    hatch="//",
    height=0.55,
    label="still to come",
)
got.invert_yaxis()
got.grid(visible=False, axis="y")
got.set(xlabel="of the comments, to slow viewers, %", xlim=(0, 100))
finding(got, "Skipping shows the present, disconnecting keeps the past")
both(fast, modelled, ENDINGS, "fast_p99_ms", from_zero=True)
fast.set(xlabel="p99 of viewers who keep up, ms")
finding(fast, "Nobody else notices")
fast.tick_params(labelleft=False)
named = [pair for axis in (got, fast) for pair in zip(*axis.get_legend_handles_labels(), strict=True)]
figure.legend(*zip(*named, strict=True), loc="outside lower center", ncols=3)
show(figure)

# %%
modelled.beside_live(ENDINGS, ("fast_p99_ms", "slow_delivered_pct", "slow_skipped_pct", "queued_peak_kb"))
p99s = [modelled.mean(name, "fast_p99_ms") for name in ENDINGS]
alike = max(p99s) / min(p99s) < 1.1
others.meets("none, all the same" if alike else ENDINGS[p99s.index(max(p99s))])

# %%
modelled.beside_live(CROWDED, ("fast_p99_ms", "append_p99_ms", "accepted_per_s", "refused_per_s"))

# %% [markdown]
# *Noise* is how far the live runs are from each other, relative to their median. The gap is between runs that had the
# same arrivals, so it is not the difference of the columns before it. Read every one beside its noise: a server with
# hardly any core to spare is the hardest thing to predict, and there the model is the furthest off.
#
# ## Play
#
# How much should a queue hold? More memory buys a longer tunnel, and nothing for a reader who is slow for good.

# %%
KIB = (16, 32, 64, 128, 256, 512, 1_024, 2_048)


@cache
def run(ending, queue_kib):
    changed = replace(cases(0)[ending], queue_bytes=queue_kib * 1024)
    return simulate(changed, costs("backpressure")[changed.kind], Streams(1, "backpressure", 0))


def by_queue(queue):
    figure, (share, held) = paper(2)
    for name, color, marker in zip(ENDINGS, SERIES, MARKS, strict=False):
        found, drawn = [run(name, kib) for kib in KIB], {"marker": marker, "markersize": 4, "color": color}
        share.plot(KIB, [each["slow_delivered_share"] * 100 for each in found], label=name, **drawn)
        held.plot(KIB, [each["queued_peak_bytes"] / 1024 for each in found], label=name, **drawn)
    held.plot(KIB, [slow * kib for kib in KIB], "--", color=THEORY, linewidth=1, label="the bound: viewers x queue")
    for axis in (share, held):
        axis.axvline(queue, color=THEORY, linestyle=":", linewidth=1)
        log_scale(axis, "x", KIB[::2])
        axis.set(xlabel="queue of a viewer, KiB (log)")
    share.set(ylabel="delivered to slow viewers, %", ylim=(0, 100))
    log_scale(held, "y")
    held.set(ylabel="queued at most, KiB (log)")
    here = run("drop_oldest", queue)
    finding(share, f"{queue:,} KiB each: drop_oldest delivers {here['slow_delivered_share']:.0%}")
    finding(held, f"and holds {here['queued_peak_bytes'] / 1024:,.0f} KiB for {slow} viewers")
    figure.legend(*held.get_legend_handles_labels(), loc="outside lower center", ncols=4)
    return figure


play(by_queue, queue=Slider(KIB, 128, "KiB"))

# %% [markdown]
# ## Break it on purpose
#
# Take the bound away: a queue of a gigabyte, which is what an unbounded one is until the process is killed.
# Everything is delivered in the end, so what is wrong with it?

# %%
unbounded = run("drop_oldest", 1024 * 1024)
grown = unbounded["queued_peak_bytes"] / slow / SIZE.slow_s
held = {
    name: found["queued_peak_bytes"] / 1024
    for name, found in (("none", unbounded), ("128 KiB", run("drop_oldest", 128)))
}
minute_gib = 50_000 / 20 * grown * 60 / 1024**3
say(
    f"After {SIZE.slow_s:g} s there are {held['none']:,.0f} KiB for {slow} viewers, not {held['128 KiB']:,.0f}, and "
    f"it goes on: about {grown / 1024:,.0f} KiB a second for each. Fifty thousand viewers with as many trains fill "
    f"{minute_gib:,.1f} GiB in a minute. And what they read is old: the goal is in the queue behind the kick-off."
)

# %% [markdown]
# ## In an interview
#
# *"Every queue has a bound and every bound has a named ending. A viewer's socket has one of 256 KiB: past it I skip
# to the head and say which range I left out, so that the client can fetch it if it cares; if they must see
# everything, I disconnect, and they come back with a cursor. Those who keep up never notice, since nobody waits for a
# slow socket. At the front I limit each author: a refusal in a millisecond with Retry-After is kinder than an answer
# in two seconds, and keeps the latency of all who are let in."*
#
# The lesson: [Backpressure and slow readers](../lessons/07-backpressure.md). Its exercises:
# `./livecomments check 07`. The report: [the experiments](../lessons/experiments.md).
