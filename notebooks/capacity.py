# %% [markdown]
# # Capacity: the budget nobody makes
#
# > **The producer asks:** "Ten million people will watch the final, and fifty thousand comments come in every second.
# > How many servers do you need? And will anybody ever see *my* comment?"
#
# Four numbers decide it: viewers, comments per second, bytes of a comment, and how much a viewer is shown. Predict,
# compute, let the model and the real server check the arithmetic, and find the number that makes both questions easy.

# %%
import sys
from math import inf
from pathlib import Path

# Wherever this file is opened, the project's packages are in one of the folders above it.
sys.path.extend(str(f) for f in Path(globals().get("__file__", "_")).resolve().parents if (f / "simulation").is_dir())

from simulation.bench.display import PER_S
from simulation.bench.display_rows import Shown
from simulation.course import measured
from simulation.course.capacity import Demand
from simulation.experiments.sampling_and_rooms.plan import Size, seats
from simulation.notebooks.charts import log_scale
from simulation.notebooks.modelling import model
from simulation.notebooks.playing import Slider, play
from simulation.notebooks.predicting import predict
from simulation.notebooks.showing import SERIES, THEORY, finding, number, paper, say, table

VIEWERS, COMMENTS_PER_S, BUDGET_PER_S, EVERY_S = 10_000_000, 50_000.0, 5.0, 10.0
TYPED = measured.comment_bytes("text")
BYTES = measured.comment_bytes("sse")
say(
    f"{VIEWERS:,} viewers, {COMMENTS_PER_S:,.0f} comments/s. A comment of the shipped chat has {TYPED:.0f} bytes "
    f"as typed, and {BYTES:.0f} on the wire: names, ids, times and framing are what one pays for."
)

# %% [markdown]
# ## Predict
#
# Put numbers in place of `None` before you go on. Nothing is revealed above this line.

# %%
egress = predict("Everybody is sent everything: how much leaves the servers?", None, unit="Tbit/s")

# %%
wait = predict(
    "A viewer is shown five comments a second. One who posts every ten seconds is on screen once in...",
    None,
    unit="hours",
)

# %%
room = predict("How many viewers may share a room so that nothing has to be left out?", None, unit="viewers")

# %% [markdown]
# ## In closed form
#
# With $N$ viewers, $\lambda$ comments a second of $b$ bytes, and a display budget of $d$ comments a second:
#
# - egress is $8\,b\,N \min(\lambda, d)$ bit/s: a window changes the number of writes, and not a byte;
# - a comment is shown with probability $p = d / \lambda$, and who posts every $T$ seconds appears every $T / p$;
# - in rooms of $R$ viewers a room posts $\lambda R / N$, so nothing is left out up to $R = d\,N / \lambda$.


# %%
def demand(**changes):
    usual = {"viewers": VIEWERS, "comments_per_s": COMMENTS_PER_S, "comment_bytes": BYTES, "shown_per_s": BUDGET_PER_S}
    return Demand(**(usual | changes))


edge = measured.edge()
largest = demand().room_viewers_max
PLANS = {
    "all, at once": demand(shown_per_s=inf),
    "all, in a window of 200 ms": demand(shown_per_s=inf, window_s=0.2),
    "a sample of 5/s": demand(),
    f"rooms of {largest:,.0f}": demand(room_viewers=largest),
}


def seconds(value):
    """A time as people say it."""
    for unit, size in (("h", 3600.0), ("min", 60.0)):
        if value >= size:
            return f"{value / size:,.0f} {unit}"
    return f"{value:,.0f} s"


table(
    (
        "",
        "egress",
        "to a viewer",
        "writes/s",
        "edges by CPU",
        "by connections",
        "by 10 Gbit/s",
        "a comment is shown",
        "a writer appears every",
    ),
    [
        (
            name,
            f"{plan.egress_bit_per_s / 1e12:,.2f} Tbit/s",
            f"{plan.viewer_bit_per_s / 1e6:,.3f} Mbit/s",
            f"{plan.writes_per_s:,.0f}",
            f"{edge.edges(plan).by_cpu:,}",
            f"{edge.edges(plan).by_connections:,}",
            f"{edge.edges(plan).by_network:,}",
            f"{plan.chance_shown:.2%}",
            seconds(plan.wait_s(EVERY_S)),
        )
        for name, plan in PLANS.items()
    ],
)
egress.meets(PLANS["all, at once"].egress_bit_per_s / 1e12)
wait.meets(PLANS["a sample of 5/s"].wait_s(EVERY_S) / 3600)
room.meets(largest)

# %% [markdown]
# The costs of an edge are measured on one core; its network is a usual card's. Rooms send as many bytes as the sample
# does: what they change is who sees whom.
#
# ## Simulate
#
# The arithmetic takes means. Here are many recorded chats at once, with their bursts, through the server's own
# policies for sampling and for rooms. A comment in a room is seen by that room alone, so *anybody* is what a writer
# asks about.

# %%
SIZES = {"chats": 20, "seconds": 60.0, "viewers": 20_000}
crowd = Size(**SIZES)
modelled = model("sampling_and_rooms", ("uniform", "rooms"), 5, **SIZES)
in_rooms = len(seats(crowd.viewers, crowd.moderators, crowd.rooms).sizes)


def sure(variant, measure, digits=2):
    found = modelled.interval(variant, measure)
    return f"{found.mean:,.{digits}f} ± {found.half_width:.{digits}f}"


say(f"{crowd.viewers:,} viewers, {crowd.per_s:.0f} comments/s, {BUDGET_PER_S:g} comments/s are shown.")
table(
    ("", "rooms", "seen by anybody, %, formula", "simulated", "shown/s", "a writer appears every, s"),
    [
        (
            name,
            halls,
            f"{100 * min(1.0, halls * BUDGET_PER_S / crowd.per_s):.2f}",
            sure(variant, "anybody_chance_pct"),
            sure(variant, "shown_per_s"),
            sure(variant, "wait_s", 0),
        )
        for name, variant, halls in (("a sample in one hall", "uniform", 1), ("rooms", "rooms", in_rooms))
    ],
)

# %% [markdown]
# The rooms are the server's: it fills them to about a thousand and divides one that has fifteen hundred. Each shows
# its own sample.
#
# ## Compare with the real server
#
# `bench display` has sent such a crowd to real sockets, once in one hall and once in rooms.

# %%
live = [Shown.read(row) for row in measured.bench("display")["rows"]]
rows = []
for shown in live:
    halls = len(seats(shown.case.viewers, 0, crowd.rooms).sizes) if shown.case.rooms else 1
    chance = min(1.0, halls * PER_S / shown.case.rate)
    off = f"{shown.chance / chance - 1:+.0%}"
    rows.append(
        ("rooms" if halls > 1 else "one hall", halls, shown.shown_per_s, f"{chance:.1%}", f"{shown.chance:.1%}", off)
    )
say(f"{live[0].case.viewers:,} viewers, {live[0].case.rate:,.0f} comments/s, {PER_S:g} comments/s are shown.")
table(("", "rooms", "shown/s, live", "seen by anybody, formula", "live", "live - formula"), rows)

# %% [markdown]
# There is one live run of each, so of its noise nothing is known; but tens of thousands of comments were counted, and
# of so many the share that is shown has little luck in it.
#
# ## Play
#
# Move the room's size. To the right of the knee a writer waits; to the left nothing is left out, and a room feels
# empty. The knee is at $d\,N/\lambda$: what a viewer can read, over what a viewer writes.

# %%
ROOMS = [10 ** (exponent / 10) for exponent in range(10, 71)]
WRITTEN_PER_S_MAX = 0.5  # by one viewer


def capacity(viewers, comments_per_s, shown_per_s, room_viewers):
    def plan(room):
        return demand(viewers=viewers, comments_per_s=comments_per_s, shown_per_s=shown_per_s, room_viewers=room)

    if comments_per_s > WRITTEN_PER_S_MAX * viewers:
        raise ValueError(f"{viewers:,} viewers do not write {comments_per_s:,.0f} comments/s: nobody writes so fast")
    chosen, sizes = plan(room_viewers), [room for room in ROOMS if room <= viewers]
    needed, every_s = edge.edges(chosen), chosen.wait_s(EVERY_S)
    figure, (waiting, servers) = paper(2)
    waiting.plot(sizes, [plan(room).wait_s(EVERY_S) for room in sizes], color=SERIES[0])
    waiting.plot([chosen.together], [every_s], "o", color=SERIES[4], label="your room")
    waiting.axvline(chosen.room_viewers_max, color=THEORY, linestyle=":", linewidth=1, label="the knee")
    log_scale(waiting, "x", (10, 1_000, 100_000))
    log_scale(waiting, "y")
    waiting.set(xlabel="viewers in a room (log)", ylim=(1, None))
    waiting.legend(loc="lower right")
    waiting.set_ylabel("s until a writer is seen again (log)")
    finding(
        waiting, f"A writer is seen every {seconds(every_s)}; the knee is at {chosen.room_viewers_max:,.0f} viewers"
    )
    bars = servers.barh(
        ("CPU", "connections", "network"), (needed.by_cpu, needed.by_connections, needed.by_network),
        color=SERIES[1], height=0.55,
    )  # fmt: skip
    servers.bar_label(bars, fmt="{:,.0f}", padding=4)
    servers.invert_yaxis()
    servers.margins(x=0.25)
    servers.grid(visible=False, axis="y")
    servers.set(xlabel="edges that each bound asks for")
    finding(servers, f"{needed.needed:,} edges send {chosen.egress_bit_per_s / 1e9:,.0f} Gbit/s")
    return figure


play(
    capacity,
    viewers=Slider((10_000, 100_000, 1_000_000, 10_000_000), VIEWERS),
    comments_per_s=Slider((10.0, 100.0, 1_000.0, 10_000.0, 50_000.0), COMMENTS_PER_S),
    shown_per_s=Slider((0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 100.0), BUDGET_PER_S),
    room_viewers=Slider((100, 300, 1_000, 3_000, 10_000, 100_000, 1_000_000, 10_000_000), 10_000_000),
)

# %% [markdown]
# ## Break it on purpose: check your numbers
#
# Below are claims as published guides to this interview make them, beside what their own figures come to. Put in a
# guide of yours, or your own notes.

# %%
SOCKETS, FRAME_BYTES, FRAMES_PER_S, CARD_BIT_PER_S = 100_000, 100_000, 2, 10e9
CLAIMS = [
    ("frames of 500 ms leave a shard of 100,000 sockets 200 writes/s", 200, SOCKETS * FRAMES_PER_S),
    ("such frames, of 100 KB, fit a card of 10 Gbit/s", CARD_BIT_PER_S, 8 * SOCKETS * FRAME_BYTES * FRAMES_PER_S),
    ("5,000 servers with a million connections each hold 5 million viewers", 5e6, 5_000 * 1e6),
    ("a comment is 48 bytes on the wire", 48, round(BYTES)),
    ("of a channel in 100 shards an edge with viewers of it receives 1/100", 1 / 100, 1.0),
    ("one core pushes five comments/s to a million viewers", 1e6, round(edge.deliveries_per_s() / BUDGET_PER_S)),
]
table(
    ("claim", "it says", "it comes to", "off by"),
    [
        (what, number(said), number(found), f"{max(found / said, said / found):,.0f} times")
        for what, said, found in CLAIMS
    ],
)

# %% [markdown]
# The fourth and the last are held against what was measured here. The fifth is reasoning: an edge that has one viewer
# of a stream needs all of it, however many shards carry it.
#
# ## In an interview
#
# *"Before any boxes: everything to everybody is a product of three numbers, and it does not fit through any network,
# so what I design for is a display budget per viewer. Batching saves writes, not bytes. A budget alone makes writers
# invisible, so I divide the crowd into rooms: viewers times the budget over the rate, about a thousand here, and in a
# room of that size nothing is left out at all. Then egress is viewers times the budget times the bytes, and the edges
# are the largest of what CPU, connections and network ask for."*
#
# The lesson: [Requirements and estimates](../lessons/01-requirements.md). Its exercises: `./livecomments check 01`.
# The report: [what a crowd is shown](../lessons/crowds.md).
