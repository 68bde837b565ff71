"""Estimate a tree of edges: its depth, what levels send and links carry, how late it is, what a death costs."""

from math import isclose
from types import ModuleType
from typing import TYPE_CHECKING

from hypothesis import strategies as st

from simulation.course.exercise import Check, Exercise, Misconception, every

if TYPE_CHECKING:
    from simulation.course.live import Stage

VIEWERS, PER_EDGE, FAN_OUT = 10_000_000, 50_000, 10
LEVELS = [1, 2, 20, 200]
HOP_S, WRITE_S = 0.001, 7e-6
EDGES, LIVE_VIEWERS = 2, 60

Few = tuple[int, int, int]  # viewers, per_edge, fan_out


def levels_from_below(viewers: int, per_edge: int, fan_out: int) -> list[int]:
    levels = [-(-viewers // per_edge)]
    while levels[0] > 1:
        levels.insert(0, -(-levels[0] // fan_out))
    return levels


def late_s(viewers: int, per_edge: int, fan_out: int, hop_s: float, write_s: float) -> float:
    above = len(levels_from_below(viewers, per_edge, fan_out)) - 1
    return above * (fan_out * write_s + hop_s) + per_edge * write_s + hop_s


def as_deep_as_it_takes(answer: ModuleType) -> str:
    def holds(case: Few) -> None:
        viewers, per_edge, fan_out = case
        told, wanted = list(answer.levels_of(viewers, per_edge, fan_out)), levels_from_below(*case)
        if told == wanted:
            return
        seen = f"{viewers:,} viewers, {per_edge:,} at an edge, {fan_out} below a node: {told} instead of {wanted}"
        if told == wanted[::-1]:
            raise Misconception(f"{seen}. They are told from the root down: the edges are the last ones.")
        if told and told[-1] < wanted[-1]:
            raise Misconception(
                f"{seen}. {told[-1]:,} edges hold {told[-1] * per_edge:,} viewers: what is left over needs one too, "
                "so a division that does not come out is rounded up."
            )
        if len(told) != len(wanted):
            raise Misconception(
                f"{seen}. The depth is the smallest d with fan_out ** d not below the edges. A quotient of "
                "logarithms is a little above or below a whole number just where it should be one (log 125 / log 5 "
                "is 3.0000000000000004); divide whole numbers, level by level, until one is left."
            )
        raise Misconception(
            f"{seen}. Each level has as many nodes as hold the one below: begin with the edges, and go upward to "
            "one root."
        )

    holds((VIEWERS, PER_EDGE, FAN_OUT))
    for case in ((1, 100, 10), (125, 1, 5), (1_000, 1, 10), (1_001, 1, 10), (243, 1, 3)):
        holds(case)
    cases = st.tuples(st.integers(1, 100_000), st.integers(1, 500), st.integers(2, 50))
    every(cases, holds, 200)
    return f"{VIEWERS:,} viewers: {sum(LEVELS)} nodes in {len(LEVELS)} levels"


def what_levels_send(answer: ModuleType) -> str:
    told = list(answer.messages_per_s(list(LEVELS), VIEWERS, 20.0))
    wanted = [40.0, 400.0, 4_000.0, 20.0 * VIEWERS]
    if len(told) == len(wanted) and all(map(isclose, told, wanted)):
        return f"{wanted[-1]:,.0f} writes/s at the edges, {sum(wanted[:-1]):,.0f} above them"
    seen = f"of 20 comments a second in a tree of {LEVELS} nodes the levels send {told}, and it is {wanted}"
    if told and told[0] > wanted[0]:
        raise Misconception(
            f"{seen}. A node sends each comment once to each node below it, whatever is behind that: that is what a "
            "tree is for. Only the edges write as often as there are viewers, and no tree makes that less: it "
            "spreads it."
        )
    raise Misconception(
        f"{seen}. Of all nodes of a level together: each comment goes once to every node of the level below, and "
        "from the edges once to every viewer."
    )


def what_a_link_carries(answer: ModuleType) -> str:
    for behind in (50_000, 5_000_000):
        told = answer.link_bits_per_s(20.0, 150.0, behind)
        if not isclose(told, 24_000.0):
            raise Misconception(
                f"a link with {behind:,} viewers behind it was said to carry {told:,.0f} bit/s of 20 comments of "
                "150 bytes a second; it is 24,000. Each comment goes over it once, however many are behind it; "
                "bytes have eight bits. What grows with the viewers is what the edges send."
            )
    return "24,000 bit/s, in front of 50,000 viewers as of 5,000,000"


def until_the_last_has_it(answer: ModuleType) -> str:
    told = answer.latency_s([1, 10, 100], 10, 1_000, 0.001, 0.0001)
    wanted = 2 * (10 * 0.0001 + 0.001) + 1_000 * 0.0001 + 0.001
    if isclose(told, wanted, rel_tol=1e-6):
        return f"{wanted * 1000:.0f} ms, of which {1_000 * 0.0001 * 1000:.0f} are the writes of an edge"
    seen = (
        f"1, 10 and 100 nodes, 1,000 viewers at an edge, 1 ms a hop, 0.1 ms a write: {told * 1000:.2f} ms, and it is "
    )
    if isclose(told, 3 * 0.001, rel_tol=1e-6) or told < 0.1:
        raise Misconception(
            f"{seen}{wanted * 1000:.0f}. Hops are not all: a node writes to one after the other, so the last one "
            "below it waits for all writes before. At an edge that is the larger part, and the reason why edges "
            "are not made as full as sockets allow."
        )
    raise Misconception(
        f"{seen}{wanted * 1000:.0f}. On the way to the last viewer each level adds a hop and the writes to all "
        "below *one* of its nodes: nodes of a level work side by side."
    )


def what_a_death_costs(answer: ModuleType) -> str:
    for level, nodes in enumerate(LEVELS):
        told, wanted = answer.cut_off(list(LEVELS), VIEWERS, level), VIEWERS / nodes
        if not isclose(told, wanted):
            raise Misconception(
                f"one dead node of level {level}, where there are {nodes}, was said to cut off {told:,.0f} viewers; "
                f"it is {wanted:,.0f}. Whoever is below a dead node gets nothing, down to the viewers: the higher, "
                "the more. That is the price of depth, and why inner nodes are doubled, or edges take the broker's "
                "messages from wherever they can get them."
            )
    return f"an edge {VIEWERS // LEVELS[-1]:,} viewers, a node below the root {VIEWERS // LEVELS[1]:,}"


def neither_deep_nor_wide(answer: ModuleType) -> str:
    found = []
    for viewers, hop_s, write_s in ((VIEWERS, HOP_S, WRITE_S), (VIEWERS, 0.001, 0.001), (VIEWERS, 0.1, WRITE_S)):
        told = answer.best_fan_out(viewers, PER_EDGE, hop_s, write_s)
        each = {fan_out: late_s(viewers, PER_EDGE, fan_out, hop_s, write_s) for fan_out in range(2, 1_001)}
        best = min(each, key=lambda fan_out: each[fan_out])
        found.append(best)
        if told not in each:
            raise Misconception(f"the best fan-out is a whole number from 2 to 1,000; {told!r} was told.")
        if not isclose(each[told], each[best], rel_tol=1e-9):
            raise Misconception(
                f"with {hop_s * 1000:g} ms a hop and {write_s * 1e6:g} µs a write a fan-out of {told} was said to "
                f"be best; {best} makes it {(each[told] - each[best]) * 1000:.2f} ms earlier. A "
                "larger fan-out saves hops and costs writes, and neither end is right for all: cheap writes and "
                "dear hops (another continent) make flat trees, dear writes make deep ones."
            )
    return f"{found[0]} for this server's costs; {found[1]} where a write is as dear as a hop"


async def live(answer: ModuleType, stage: "Stage") -> str:
    """Two edges and their viewers: what the last level writes is what arrives."""
    from simulation.scenario import make_scenario

    scenario = make_scenario({
        "name": "tree", "duration_s": 2, "warm_up_s": 0.5, "audience": {"viewers": LIVE_VIEWERS},
        "workload": {"rate_per_s": 10}, "system": {"edges": EDGES, "storage": "memory"},
    }, "tree")  # fmt: skip
    levels = list(answer.levels_of(LIVE_VIEWERS, LIVE_VIEWERS // EDGES, EDGES))
    result = await stage.run(scenario)
    posted, delivered = result.counts["accepted"], result.counts["delivered"]
    told = answer.messages_per_s(levels, LIVE_VIEWERS, float(posted))
    if round(told[-1]) != delivered:
        raise Misconception(
            f"{posted} comments through {EDGES} real edges to {LIVE_VIEWERS} viewers were {delivered:,} deliveries, "
            f"and {told[-1]:,.0f} by your estimate for the tree {levels}"
        )
    return f"{posted} comments: {delivered:,} deliveries by {EDGES} edges, as estimated, and {told[0]:,.0f} messages"


EXERCISE = Exercise(
    lesson="04",
    place=1,
    name="tree",
    title="How deep, how late, how dear",
    kind="estimate",
    wants=("levels_of", "messages_per_s", "link_bits_per_s", "latency_s", "cut_off", "best_fan_out"),
    checks=(
        Check("as many levels as it takes, and no more", as_deep_as_it_takes),
        Check("the messages of each level", what_levels_send),
        Check("what a link carries", what_a_link_carries),
        Check("the time until the last viewer has it", until_the_last_has_it),
        Check("what a dead node costs", what_a_death_costs),
        Check("the best fan-out is neither the smallest nor the largest", neither_deep_nor_wide),
    ),
    live=live,
)
