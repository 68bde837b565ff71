# %% [markdown]
# # Push against pull
#
# > **The producer asks:** "The app asks for new comments once a second. It works in the demo. Why pay for anything
# > else?"
#
# The same crowd reads the same comments by polling, by long polling, by a pushed stream (SSE, WebSocket), and from a
# cache in pieces of a second. Predict, compute, simulate, compare with the real server, then find where the answer
# turns.

# %%
import sys
from pathlib import Path

# Wherever this file is opened, the project's packages are in one of the folders above it.
sys.path.extend(str(f) for f in Path(globals().get("__file__", "_")).resolve().parents if (f / "simulation").is_dir())

from simulation.experiments.push_vs_pull.plan import Size
from simulation.notebooks.charts import both, curve, log_scale
from simulation.notebooks.modelling import model
from simulation.notebooks.playing import Slider, play
from simulation.notebooks.predicting import predict
from simulation.notebooks.showing import MARKS, SERIES, THEORY, finding, paper, say, show, table

POLLS = {"poll-1s": 1.0, "poll-2s": 2.0, "poll-5s": 5.0}
ALL = (*POLLS, "long-poll", "sse", "websocket", "segments")
size = Size()
say(f"{size.viewers:,} viewers, {size.rate_per_s:g} comments/s.")

# %% [markdown]
# ## Predict
#
# Put numbers in place of `None` before you go on. Nothing is revealed above this line.

# %%
freshness = predict(
    "How old is a comment, at the median, when a viewer who polls once a second gets it?", None, unit="ms"
)

# %%
times_cpu = predict("How many times the server's CPU does polling once a second take, against SSE?", None, unit="times")

# %%
times_bytes = predict("How many times the bytes on the wire?", None, unit="times")

# %% [markdown]
# ## In closed form
#
# A comment comes at a random moment between two polls that are $T$ apart, so its age is uniform in $[0, T]$: the
# median is $T/2$, the 99th percentile $0.99\,T$. $N$ viewers make $N/T$ requests a second, whatever is posted. With
# $\lambda$ comments a second, a Poisson process, a poll is empty with probability $e^{-\lambda T}$.

# %%
modelled = model("push_vs_pull", ALL)
table(
    ("", "p50 by formula, ms", "simulated", "p99 by formula, ms", "simulated", "requests/s by formula", "simulated"),
    [
        (
            f"`{name}`",
            f"{every_s / 2 * 1000:,.0f}",
            f"{modelled.mean(name, 'freshness_p50_ms'):,.0f}",
            f"{0.99 * every_s * 1000:,.0f}",
            f"{modelled.mean(name, 'freshness_p99_ms'):,.0f}",
            f"{size.viewers / every_s:,.0f}",
            f"{modelled.mean(name, 'requests_per_s'):,.0f}",
        )
        for name, every_s in POLLS.items()
    ],
)
freshness.meets(modelled.mean("poll-1s", "freshness_p50_ms"))

# %% [markdown]
# The few milliseconds on top are the way there and back. Nothing the server does makes a poll fresher: it is asked
# too late.
#
# ## Simulate, and compare with the real server
#
# Five replications of the model with this machine's measured costs, beside the committed live runs.


# %%
def cpu(modelled, name):
    """Of servers and caches, in microseconds for a viewer and second."""
    return modelled.mean(name, "cpu_us_per_viewer_s") + modelled.mean(name, "cache_us_per_viewer_s")


poll, push = cpu(modelled, "poll-1s"), cpu(modelled, "sse")
figure, (fresh, busy) = paper(2)
both(fresh, modelled, ALL, "freshness_p50_ms")
log_scale(fresh)
fresh.set(xlabel="age when it is seen, p50, ms (log)")
finding(fresh, "Fresh is what is pushed")
both(busy, modelled, ALL, "cpu_us_per_viewer_s", from_zero=True)
busy.set(xlabel="CPU, µs for a viewer and second")
finding(busy, f"Asking costs {poll / push:.0f} times as much")
busy.tick_params(labelleft=False)
figure.legend(*fresh.get_legend_handles_labels(), loc="outside lower center", ncols=2)
show(figure)

# %%
modelled.beside_live(
    ("poll-1s", "long-poll", "sse", "segments"), ("freshness_p50_ms", "cpu_us_per_viewer_s", "bytes_per_viewer_s")
)
times_cpu.meets(poll / push)
times_bytes.meets(modelled.mean("poll-1s", "bytes_per_viewer_s") / modelled.mean("sse", "bytes_per_viewer_s"), digits=1)

# %% [markdown]
# *Noise* is how far the live runs are from each other, relative to their median; where it is empty there was one run.
# The gap is between runs that had the same arrivals, so it is not the difference of the columns before it. Read every
# one beside its noise. Long polling saves the empty answers and not the requests: while a stream is busy there is
# always something when a viewer is back, and the server tells a viewer who has just been answered when the next request
# is welcome, about a second later.
#
# ## Ten million viewers
#
# The same question for a crowd that no laptop holds, in the model only: how many processes, each at most 60 % busy?

# %%
CROWD = ("poll-1s", "poll-5s", "long-poll", "sse", "websocket")
crowd = model("push_vs_pull", [f"{name}-crowd" for name in CROWD], replications=2)
processes = [crowd.mean(f"{name}-crowd", "processes") for name in CROWD]
figure, (axis,) = paper(height=2.7)
axis.barh(CROWD, processes, color=SERIES[0], height=0.6)
axis.bar_label(axis.containers[0], fmt="{:,.0f}", padding=4)
axis.invert_yaxis()
axis.grid(visible=False, axis="y")
axis.margins(x=0.12)
axis.set(xlabel="server processes")
finding(axis, f"{size.crowd:,} viewers: {processes[0] / processes[3]:.0f} times the processes, to be late")
show(figure)

# %% [markdown]
# ## Play
#
# Comments per second and the pause between polls. Where do the lines meet, and why do they?

# %%
RATES = (1.0, 3.0, 10.0, 30.0, 100.0, 300.0)


def found(rate_per_s, names, replications=5):
    return model("push_vs_pull", names, replications, rate_per_s=rate_per_s)


def by_rate(comments_per_s, poll_every_s):
    """CPU of both ways by how much is posted."""
    name = next(name for name, every_s in POLLS.items() if every_s == poll_every_s)
    figure, (axis,) = paper()
    log_scale(axis, "x", RATES)
    log_scale(axis, "y")
    ways = ((name, f"a poll every {poll_every_s:g} s", SERIES[1], MARKS[1]), ("sse", "pushed", SERIES[0], MARKS[0]))
    for each, label, color, marker in ways:

        def costs(rate_per_s, each=each):
            return found(rate_per_s, (each,)).values(each, "cpu_us_per_viewer_s")

        curve(axis, RATES, costs, label=label, color=color, marker=marker)
    axis.axvline(comments_per_s, color=THEORY, linestyle=":", linewidth=1)
    here = found(comments_per_s, (name, "sse"))
    ratio = here.mean(name, "cpu_us_per_viewer_s") / here.mean("sse", "cpu_us_per_viewer_s")
    axis.set(xlabel="comments/s (log)", ylabel="µs of CPU, viewer and second (log)")
    finding(axis, f"At {comments_per_s:g} comments/s a poll every {poll_every_s:g} s costs {ratio:.2g} times a push")
    axis.legend()
    return figure


play(by_rate, comments_per_s=Slider(RATES, 3.0), poll_every_s=Slider(tuple(POLLS.values()), 1.0, "s"))

# %% [markdown]
# ## Break it on purpose
#
# Make the stream hot. A poll carries all that came since the last one in one answer, so it is a batch; a push without
# a window is one write per comment and viewer. What is left of the advantage at three hundred comments a second?

# %%
hot = found(300.0, ("poll-1s", "poll-5s", "sse"))
table(
    ("300 comments/s", "CPU, µs for a viewer and second", "age p50, ms"),
    [
        (f"`{name}`", f"{cpu(hot, name):,.0f}", f"{hot.mean(name, 'freshness_p50_ms'):,.0f}")
        for name in ("poll-1s", "poll-5s", "sse")
    ],
)
say(
    f"Polling once a second costs {cpu(hot, 'poll-1s') / cpu(hot, 'sse'):.1f} times a push now, not {poll / push:.0f}. "
    "What a request costs no longer counts; what a comment costs does, and both pay that."
)

# %% [markdown]
# ## In an interview
#
# *"Polling's price is the empty request, and its lateness is half the interval whatever I spend. So I push: SSE,
# since comments flow one way and it comes back by itself with `Last-Event-ID`; WebSocket only where clients talk as
# much as they listen. I keep polling of cached one-second segments as the way out for crowds that no fleet of sockets
# holds. And I know where this turns: on a stream so hot that every poll is full, pull is a batch, so push needs a
# window too."*
#
# The lesson: [Push against pull](../lessons/03-push-or-pull.md). Its exercises: `./livecomments check 03`. The
# report: [the experiments](../lessons/experiments.md).
