"""Figures of lesson 1: what a wish amounts to, by arithmetic, in the model and on the wire."""

from dataclasses import replace
from statistics import median

from reference_impl.protocol.sse import sse_chunk
from simulation import tables
from simulation.course import measured
from simulation.course.capacity import Demand, joins_per_s
from simulation.course.figures.estimates import compared_live, compared_simulated, full_room
from simulation.course.wire import frame_of
from simulation.docs import spoken
from simulation.docs.findings import Findings
from simulation.docs.results import bench, result
from simulation.experiments.comparison import CONFIDENCE
from simulation.experiments.world_cup.plan import AS_PLANNED, Plan
from simulation.trace import load_trace

EVERY_S = 10.0  # between two comments of an eager writer
WINDOW_S = 0.2
RETURN_S = 30.0  # over which viewers come back whose edge died
HEADERS_BYTES, SEGMENT_BYTES = 66, 1448  # of Ethernet, IPv4 and TCP with timestamps; what a packet carries besides
WISH = Demand(viewers=1e7, comments_per_s=5e4, comment_bytes=150)
HALL = replace(WISH, shown_per_s=5)
SIM_MEASURES = ("bytes_per_s", "viewer_chance_pct", "anybody_chance_pct", "wait_s", "gini", "priority_pct")


def designs() -> dict[str, Demand]:
    """The wish, and what may be made of it."""
    real = replace(WISH, comment_bytes=measured.comment_bytes(), window_s=WINDOW_S)
    return {
        "everything, as guessed": WISH,
        "everything, as it is": real,
        "5/s in one hall": replace(real, shown_per_s=5),
        "20/s in one hall": replace(real, shown_per_s=20),
        "5/s in rooms of 1,000": replace(real, shown_per_s=5, room_viewers=1_000),
        "20/s in rooms of 4,000": replace(real, shown_per_s=20, room_viewers=4_000),
    }


def figures() -> dict[str, str]:
    return {**_wish(), **_batching(), **_shown(), **_edges(), **_simulated(), **_final(), **_live(), **full_room()}


def _wish() -> dict[str, str]:
    real = designs()["everything, as it is"]
    head = [
        "",
        "bytes",
        "to a viewer",
        "egress",
        "deliveries/s",
        "chance",
        f"wait of one who writes every {EVERY_S:g} s",
    ]
    return {
        "outcome_1": spoken.rate(WISH.egress_bit_per_s),
        "viewers": spoken.many(WISH.viewers),
        "posted": f"{WISH.comments_per_s:,.0f}",
        "guessed_bytes": f"{WISH.comment_bytes:g}",
        "wish_viewer": spoken.rate(WISH.viewer_bit_per_s),
        "wish_real": spoken.rate(real.egress_bit_per_s),
        "typed_bytes": f"{measured.comment_bytes('text'):.0f}",
        "sse_bytes": f"{real.comment_bytes:.0f}",
        "websocket_bytes": f"{measured.comment_bytes('websocket'):.0f}",
        "wire_times": f"{real.comment_bytes / measured.comment_bytes('text'):.0f}",
        "designs": tables.markdown(head, [_design(name, demand) for name, demand in designs().items()]),
    }


def _design(name: str, demand: Demand) -> list[str]:
    return [
        name, f"{demand.comment_bytes:.0f}", spoken.rate(demand.viewer_bit_per_s), spoken.rate(demand.egress_bit_per_s),
        spoken.many(demand.deliveries_per_s), spoken.percent(demand.chance_shown), spoken.time(demand.wait_s(EVERY_S)),
    ]  # fmt: skip


def _batching() -> dict[str, str]:
    """On the network: alone each comment is a packet, in a large write they fill packets."""
    rows = [(user, text) for _, user, text in load_trace(measured.TRACE)]
    alone = measured.comment_bytes() + HEADERS_BYTES
    together = len(sse_chunk(frame_of(rows))) / len(rows) * (1 + HEADERS_BYTES / SEGMENT_BYTES)
    saved = 1 - together / alone
    batched = replace(WISH, window_s=WINDOW_S)
    return {
        "outcome_2": "nearly all" if saved > 0.9 else "about half" if saved > 1 / 3 else "less than a third",
        "window": f"{1000 * WINDOW_S:g}",
        "alone_bytes": f"{alone:.0f}",
        "together_bytes": f"{together:.0f}",
        "headers_bytes": f"{HEADERS_BYTES}",
        "saved": spoken.rounded_percent(saved),
        "writes_alone": spoken.many(WISH.writes_per_s),
        "writes_batched": spoken.many(batched.writes_per_s),
    }


def _shown() -> dict[str, str]:
    wait_s, room = HALL.wait_s(EVERY_S), HALL.room_viewers_max
    spans = {600: "about a minute", 6 * 3600: "about an hour", 3 * 86400: "about a day", float("inf"): "about a year"}
    return {
        "outcome_3": next(said for most_s, said in spans.items() if wait_s < most_s),
        "outcome_4": f"about {float(f'{room:.1g}'):,.0f}",
        "one_in": f"{1 / HALL.chance_shown:,.0f}",
        "wait": spoken.time(wait_s),
        "one_posts": f"{WISH.comments_per_s / WISH.viewers:g}",
        "room": f"{room:,.0f}",
        "rooms": f"{replace(HALL, room_viewers=room).rooms:,}",
    }


def _edges() -> dict[str, str]:
    edge = measured.edge()
    counted = {name: edge.edges(demand) for name, demand in designs().items()}
    rows = [
        [name, f"{each.by_cpu:,}", f"{each.by_connections:,}", f"{each.by_network:,}", f"**{each.needed:,}**"]
        for name, each in counted.items()
    ]
    return {
        "edges": tables.markdown(["", "by their cores", "by connections", "by their network", "edges"], rows),
        "edges_needed": f"{counted['5/s in rooms of 1,000'].needed:,}",
        "write_us": f"{1e6 * edge.write_s:g}",
        "comment_us": f"{1e6 * edge.comment_s:g}",
        "busy_max": spoken.rounded_percent(edge.busy_max),
        "connections": f"{edge.connections:,}",
        "network": spoken.rate(edge.network_bit_per_s),
        "memory": f"{edge.memory_bytes(edge.connections) / 1e6:.0f} MB",
        "core_one": spoken.many(edge.deliveries_per_s(1)),
        "core_forty": spoken.many(edge.deliveries_per_s(40)),
        "return_s": f"{RETURN_S:g}",
        "joins": f"{joins_per_s(edge.connections, RETURN_S):,.0f}",
    }


def _simulated() -> dict[str, str]:
    found = Findings("sampling_and_rooms")
    return {
        "simulated": found.table(("everything", "uniform", "rooms", "rooms-priority"), SIM_MEASURES, "sim"),
        "sim_size": found.document["size"].partition("; 10 moderators")[0],
        "confidence": spoken.rounded_percent(CONFIDENCE),
        "sim_runs": f"{found.document['comparison'][0]['sim']['runs']}",
        "sim_wait_hall": spoken.time(found.value("uniform", "wait_s", "sim")),
        "sim_wait_rooms": f"{found.simulated('rooms', 'wait_s')} s",
        "sim_priority": f"{found.simulated('uniform', 'priority_pct')} %",
        "sim_gini_hall": found.simulated("uniform", "gini"),
        "sim_gini_rooms": found.simulated("rooms", "gini"),
    }


def _final() -> dict[str, str]:
    """The final's egress while nothing happens, its peak, and what the arithmetic makes of it."""
    plan, document = Plan(), result("world_cup")
    played = next(each for each in document["observations"] if each["variant"] == AS_PLANNED)
    egress = played["facts"]["series"]["egress_tbit_per_s"]
    assert plan.budget is not None
    demand = replace(WISH, comment_bytes=plan.cluster.comment_bytes, shown_per_s=plan.budget.per_s)
    return {
        "final_budget": f"{plan.budget.per_s:g}",
        "final_calm": f"{median(egress[: round(plan.goals_s[0])]):.2f} Tbit/s",
        "final_peak": f"{max(egress):.2f} Tbit/s",
        "final_form": f"{demand.egress_bit_per_s / 1e12:.2f} Tbit/s",
        "final_edges": f"{played['values']['edges']:.0f}",
        "final_usd": f"{played['values']['total_usd']:,.0f}",
    }


def _live() -> dict[str, str]:
    rows, display = compared_live(), bench("display")["rows"]
    publishing_us = measured.fanout_row("fanout-1000-sse", "sse", 1_000)["publishing_us_per_comment"] / 1_000
    return {
        "live": tables.markdown(
            ["", "closed form", "live"], [[each.what.removeprefix("live: "), each.expected, each.said] for each in rows]
        ),
        "gap": tables.markdown(
            ["closed form against", "off", "noise"],
            [[each.what, each.off, each.noise] for each in (*compared_simulated(), *rows)],
        ),
        "live_viewers": f"{display[0]['case']['viewers']:,}",
        "live_rate": f"{display[0]['case']['rate']:,.0f}",
        "live_unaccounted": f"{sum(each['unaccounted'] for each in display)}",
        "publishing_us": f"{publishing_us:.1f}",
        "floor_one": _floor_us("fanout-1000-sse", 1_000),
        "floor_eight": _floor_us("fanout-window", 5_000),
    }


def _floor_us(document: str, viewers: int) -> str:
    return spoken.significant(measured.fanout_row(document, "sse", viewers, server="floor")["cpu_us_per_delivery"])
