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
# Forty-five minutes, one question: *design live comments*. The clock runs, the follow-ups are drawn by a seed and by
# what you choose, your arithmetic is checked against your own assumptions, and the design that you choose is run in
# the simulator under the interviewer's twists. At the end there is one page to keep.
#
# Type into the cells between the quotes and run them one by one. Talk aloud while you do: a machine hears only words,
# and says which points it found. A cell may be changed and run again; the last answer counts, and the clock goes on.
#
# It asks for what the course is about, from [requirements and estimates](../lessons/01-requirements.md) to
# [failover](../lessons/08-failover.md). What is listened for, with its weights, is
# `simulation/interview/rubric.toml`: better read after a first try.
#
# | level | counts | asks | tells what you missed, and what figures are |
# |---|---|---|---|
# | mid | breadth 80, depth 20 | 2 follow-ups | at once, and gives hints |
# | senior | breadth 60, depth 40 | 3 follow-ups | on the sheet |
# | staff | breadth 40, depth 60, and more of each answer | 4 follow-ups | on the sheet |
#
# What you leave blank a made-up candidate may answer, with the slips that people make: that is what is shown here.
# For an interview of your own take the tick away.

# %%
from datetime import datetime
from pathlib import Path

from simulation.interview.assumptions import Assumptions
from simulation.interview.estimates import QUANTITIES
from simulation.interview.lobby import Lobby
from simulation.interview.rubric import AREAS
from simulation.interview.sheet import LEGEND, gates_in_words, marked
from simulation.notebooks.showing import say, table

lobby = Lobby(level="senior", seed=7, stand_in=True)
lobby

# %% [markdown]
# Choose a level and a seed above, then enter: the clock starts with the brief.

# %%
room = lobby.enter()
say(room.brief())


def heard(*areas):
    """What was heard; what was missed, too, where the level tells it at once."""
    rows = [(AREAS[area].title, room.tells(said)) for area, said in areas]
    table(["area", "heard"], rows, words=True)


# %% [markdown]
# ## 1. Requirements, and estimates that have consequences: eight minutes
#
# Which questions do you ask, and what do you fix? The clock is part of the test: twenty minutes on requirements is a
# common way to fail, so more than eight take a point back.

# %%
heard(("requirements", room.say("requirements", "")))

# %% [markdown]
# Change the assumptions if you like; what counts is that your figures follow from them. Type figures as you would
# write them: `750`, `"750 Gbps"`, `"0.75 Tb/s"`, `"12k"`, `"2,500"`, `"3 M"`, `"1 in 200"`, `"90 min"`. One that is
# within a factor of 1.5 is right; `None` is a blank.

# %%
given = Assumptions.read(
    viewers="10 M",
    comments_per_s="50k/s",
    comment_bytes="300 B",
    shown_per_s="5/s",
    connections="50,000",
    every_s="10 s",
    spread_s="30 s",
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
table(["what", "your figure"], [[each.quantity.asks, room.tells(each)] for each in estimates], words=True)

# %% [markdown]
# A figure without a decision that hangs on it is only arithmetic. What follows from yours?

# %%
heard(("estimates", room.say("estimates", "")))

# %% tags=["varies"]
say(f"{room.clock}")

# %% [markdown]
# ## 2. The design: twelve minutes
#
# In your own words, a few sentences each.

# %%
answers = {
    "api": "",
    "data": "",
    "design": "",
    "moderation": "",
}
heard(*[(area, room.say(area, text)) for area, text in answers.items()])

# %% tags=["varies"]
say(f"{room.clock}")

# %% [markdown]
# ## 3. Deep dives: twenty-five minutes
#
# Where it gets hard, in your own words again.

# %%
answers = {
    "fan_out": "",
    "overload": "",
    "reliability": "",
}
heard(*[(area, room.say(area, text)) for area, text in answers.items()])

# %% [markdown]
# And the choices. Each is a variant of an experiment, so the simulator can run it; what is not chosen counts as
# nothing.
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
# ### The twists
#
# Before you run the next cell: which of your choices will not stand? It runs every choice that could have been made,
# which takes half a minute; the clock stands still for it.

# %%
rows = [[each.decision.twist, f"`{each.choice}`", gates_in_words(each), each.better] for each in room.run()]
table(["the twist", "your choice", "in the simulator", "meets more"], rows, words=True)

# %% [markdown]
# ### Follow-ups
#
# The first is about something that you chose.

# %%
table(["", "the interviewer asks"], [[count, each.asks] for count, each in enumerate(room.ask(), 1)], words=True)

# %% [markdown]
# Your answers, in their order; what is beyond the last question is not looked at.

# %%
replies = [
    "",
    "",
    "",
    "",
]
rows = [[each.asks, room.tells(room.answer(each.name, text))] for each, text in zip(room.ask(), replies, strict=False)]
table(["question", "heard"], rows, words=True)

# %% tags=["varies"]
say(f"{room.clock}")

# %% [markdown]
# ## 4. The sheet
#
# Here the interview ends. The page can be printed from a browser; `.md` instead of `.html` makes it text.

# %% tags=["varies"]
page = room.export(Path(f"interview-{datetime.now():%Y-%m-%d-%H%M}.html"))
say(f"{room.headline()}. Written to {page}.")

# %%
say("\n".join(["Study next:", "", *(f"- lesson {each}" for each in room.result().study)]))

# %% [markdown]
# Did you make a point in other words? Claim it by its first words, and export again: the sheet shows it as a claim,
# and what the score is without. `room.claim("api", "limits told", "tokens")`, or `room.claim` with the name of a
# follow-up.

# %%
table(["of", "points"], [[f"`{name}`", marked(said)] for name, said in room.missed().items()], words=True)
say(LEGEND)

# %% [markdown]
# And your figures, with what each is for:

# %%
rows = [[each.quantity.asks, each.in_words, each.quantity.so] for each in estimates]
table(["figure", "yours", "so"], rows, words=True)
