# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # The interview room
#
# Forty-five minutes, one question: *design live comments*. The clock runs, the follow-ups are drawn by a seed, your
# arithmetic is checked against your own assumptions, and the design that you choose is run in the simulator under the
# interviewer's twists. At the end there is one page to keep.
#
# Type into the cells between the quotes and run them one by one. Talk aloud while you do: a machine hears only words,
# and says which points it found. What you leave blank a made-up candidate answers, with the slips that people make;
# that is what is shown here.
#
# It asks for what the course is about, from [requirements and estimates](../lessons/01-requirements.md) to
# [failover](../lessons/08-failover.md). What is listened for, with its weights, is
# `simulation/interview/rubric.toml`: better read after a first try.

# %%
from pathlib import Path

from simulation.interview.estimates import QUANTITIES, Assumptions
from simulation.interview.lobby import Lobby
from simulation.interview.rubric import AREAS
from simulation.interview.sheet import gate_in_words
from simulation.notebooks.showing import say, table

lobby = Lobby(level="senior", seed=7)
lobby

# %% [markdown]
# Choose a level and a seed above, then enter. `stand_in=False` leaves blank what you leave blank.

# %%
room = lobby.enter(stand_in=True)
say(room.brief())

# %% [markdown]
# ## 1. Requirements, eight minutes
#
# Which questions do you ask, and what do you fix? The clock is part of the test: twenty minutes on requirements is a
# common way to fail.

# %%
heard = room.say("requirements", "")
say(f"Heard: {'; '.join(heard.made)}.\n\nMissed: {'; '.join(heard.missed)}.")

# %% [markdown]
# ## 2. Estimates that have consequences
#
# Change the assumptions if you like; what counts is that your figures follow from them. A figure without a decision
# that hangs on it is only arithmetic: say the decision, too.

# %%
given = Assumptions(
    viewers=10_000_000,
    comments_per_s=50_000,
    comment_bytes=300,
    shown_per_s=5,
    connections=50_000,
    every_s=10,
    spread_s=30,
)
table(["name", "what is asked"], [[f"`{each.name}`", each.asks] for each in QUANTITIES], words=True)

# %%
estimates = room.estimate(
    given,
    naive_tbit_per_s=None,
    shown_gbit_per_s=None,
    deliveries_per_s=None,
    edges_by_connections=None,
    chance_shown_pct=None,
    wait_h=None,
    room_viewers=None,
    joins_per_s=None,
)
rows = [[each.quantity.asks, each.in_words, each.quantity.so] for each in estimates]
table(["what", "your figure", "so"], rows, words=True)

# %% [markdown]
# ## 3. The design, twelve minutes
#
# In your own words, a few sentences each.

# %%
answers = {"api": "", "data": "", "design": "", "fan_out": "", "overload": "", "reliability": "", "moderation": ""}
rows = []
for area, text in answers.items():
    heard = room.say(area, text)
    points = f"{len(heard.made)} of {len(heard.made) + len(heard.missed)} points"
    rows.append([AREAS[area].title, points, "; ".join(heard.missed), "; ".join(heard.weak)])
table(["area", "heard", "missed", "a weak sign"], rows, words=True)

# %% [markdown]
# And the choices. Each is a variant of an experiment, so the simulator can run it.
#
# | decision | may be |
# |---|---|
# | transport | poll_1s, poll_2s, poll_5s, long_poll, sse, websocket |
# | fan_out | write_at_once, write_window, queue_per_viewer, read, hybrid, tree |
# | partitioning | by_stream, by_time, by_user, by_comment, hot_split |
# | slow_reader | drop_oldest, skip_to_head, disconnect |
# | admission | accept_all, refuse_early |
# | reconnect | at_once, with_jitter |
# | delivery | at_most_once, at_least_once, at_least_once_dedupe, exactly_once_effect |
# | scaling | fixed, reactive, prewarmed |

# %%
room.decide(
    transport="",
    fan_out="",
    partitioning="",
    slow_reader="",
    admission="",
    reconnect="",
    delivery="",
    scaling="",
)

# %% [markdown]
# ## 4. The twists
#
# Before you run the next cell: which of your choices will not stand?

# %%
rows = []
for each in room.run():
    found = "; ".join(gate_in_words(gate) for gate in each.gates)
    rows.append(
        [each.decision.twist or each.decision.asks, f"`{each.choice}`", found, each.better and f"`{each.better}`"]
    )
table(["the twist", "your choice", "in the simulator", "does more"], rows, words=True)

# %% [markdown]
# ## 5. Follow-ups

# %%
table(["name", "the interviewer asks"], [[f"`{each.name}`", each.asks] for each in room.follow_ups], words=True)

# %%
replies = {each.name: "" for each in room.follow_ups}  # your answers, by the name above
rows = [[name, "; ".join(room.answer(name, text).missed) or "nothing"] for name, text in replies.items()]
table(["question", "what a strong answer also says"], rows, words=True)

# %% [markdown]
# ## 6. The sheet
#
# Did you make a point in other words? Claim it: `room.say("api", text, claims=["one cursor for history and live"])`.
# Then write the page; print it from a browser, or keep it beside the next one.

# %% tags=["varies"]
result = room.result()
page = room.export(Path("interview.html"))
print(f"{result.total:.0f} of 100: {result.band}. Written to {page}.")

# %%
say("\n".join(["Study next:", "", *(f"- lesson {each}" for each in result.study)]))
