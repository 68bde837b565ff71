"""The decisions of a design: each choice is a variant of an experiment, so the simulator can run what was chosen."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from simulation.interview.typed import AnswerError


@dataclass(frozen=True, slots=True)
class Gate:
    """A demand on one measure: a bound, or (``of_best``) a factor of the best choice there is; smaller is better.

    ``floor`` is what counts as nothing: below it no choice is worse than another.
    """

    measure: str
    says: str
    at_most: float | None = None
    of_best: float | None = None
    floor: float = 0.0
    at_least: bool = False  # larger is better; then ``of_best`` is the share of the best that will do


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Decision:
    """``choices``: what may be chosen, and the variant of ``family`` that it is, at the family's own size but for
    ``sizes``. ``area``: where it counts; ``study``: the lesson about it; ``twist``: what the interviewer throws in.
    """

    name: str
    asks: str
    family: str
    choices: Mapping[str, str]
    gates: Sequence[Gate]
    area: str
    study: str
    twist: str
    sizes: Mapping[str, float] = field(default_factory=dict)


DECISIONS = (
    Decision(
        name="transport", asks="How do comments reach a viewer's device?", area="design", study="03",
        family="push_vs_pull", twist="Ten million viewers.",
        choices={
            "poll_1s": "poll-1s-crowd", "poll_2s": "poll-2s-crowd", "poll_5s": "poll-5s-crowd",
            "long_poll": "long-poll-crowd", "sse": "sse-crowd", "websocket": "websocket-crowd",
        },
        gates=(
            Gate("freshness_p99_ms", "99 of 100 comments on the screen within a second", at_most=1_000),
            Gate("requests_per_s", "no request for each viewer and second", of_best=10, floor=100_000),
            Gate("processes", "no more than twice the servers of the cheapest", of_best=2),
        ),
    ),
    Decision(
        name="fan_out", asks="How does an edge write what it has?", area="fan_out", study="04",
        family="fan_out", sizes={"viewers": 3_000}, twist="An edge gets 3,000 viewers, at 50 comments/s.",
        choices={
            "write_at_once": "write-at-once", "write_window": "write-20ms", "queue_per_viewer": "write-queues",
            "read": "read-1s", "hybrid": "hybrid-2s", "tree": "tree-2",
        },
        gates=(
            Gate("p99_ms", "within a tenth of a second at the 99th percentile", at_most=100),
            Gate("server_busy_pct", "its core has room to spare", at_most=80),
            Gate("faults", "nothing lost, doubled or out of order", at_most=0),
        ),
    ),
    Decision(
        name="partitioning", asks="How is the log of comments split?", area="data", study="05",
        family="hot_partition", twist="One stream takes 60 % of all comments.",
        choices={each: each for each in ("by_stream", "by_time", "by_user", "by_comment", "hot_split")},
        gates=(
            Gate("cold_p99_ms", "quiet streams do not wait for the viral one", of_best=1.25),
            Gate("most_per_s", "the backlog is taken nearly as fast as by the best", of_best=0.8, at_least=True),
            Gate("cold_page_partitions", "a page of a quiet stream is in one place", at_most=1.5),
        ),
    ),
    Decision(
        name="slow_reader", asks="What becomes of a viewer who does not keep up?", area="overload", study="07",
        family="backpressure", twist="One viewer in twenty stops reading.",
        choices={each: each for each in ("drop_oldest", "skip_to_head", "disconnect")},
        gates=(
            Gate("fast_p99_ms", "the others do not notice", of_best=1.25, floor=1),
            Gate("lost", "nothing is missing without a word", at_most=0),
            Gate("doubled", "nothing comes twice", at_most=0),
        ),
    ),
    Decision(
        name="admission", asks="What becomes of posts beyond what the server takes?", area="overload", study="07",
        family="backpressure", twist="Authors post nearly twice what the server takes.",
        choices={"accept_all": "everybody_admitted", "refuse_early": "authors_limited"},
        gates=(Gate("append_p99_ms", "a post that is taken is answered within half a second", at_most=500),),
    ),
    Decision(
        name="reconnect", asks="When do viewers come back whose server has died?", area="reliability", study="08",
        family="failover", twist="One of the servers that hold the sockets is killed.",
        choices={"at_once": "edge-no-jitter", "with_jitter": "edge"},
        gates=(
            Gate("peak_joins", "the others are not stormed", of_best=2, floor=1),
            Gate("lost", "nothing is lost", at_most=0),
            Gate("doubled", "nothing comes twice", at_most=0),
        ),
    ),
    Decision(
        name="delivery", asks="What is promised of a comment's delivery?", area="reliability", study="06",
        family="delivery_guarantees", twist="One request in twenty, and one answer, is lost on the way.",
        choices={
            "at_most_once": "at-most-once", "at_least_once": "at-least-once",
            "at_least_once_dedupe": "at-least-once-dedupe", "exactly_once_effect": "exactly-once-effect",
        },
        gates=(
            Gate("lost_pct", "nothing is lost", at_most=0.0),
            Gate("doubled_pct", "nothing is seen twice", at_most=0.0),
            Gate("stored_again_pct", "nothing is stored twice", at_most=0.0),
        ),
    ),
    Decision(
        name="scaling", asks="Where do edges for a sudden crowd come from?", area="overload", study="01",
        family="flash_crowd", twist="A hundred times the viewers come within a minute.",
        choices={"fixed": "fleet-nothing", "reactive": "fleet-reactive", "prewarmed": "fleet-prewarmed"},
        gates=(
            Gate("wait_p99_s", "99 of 100 are in within five seconds", at_most=5),
            Gate("without_edge", "nobody stays outside", at_most=0),
        ),
    ),
)  # fmt: skip
DECISION = {each.name: each for each in DECISIONS}


def chosen(design: Mapping[str, str]) -> dict[Decision, str]:
    """The choice for every decision that was made, however it is spelt; AnswerError names what there is not."""
    if unknown := sorted(set(design) - set(DECISION)):
        raise AnswerError(f"there is no decision {', '.join(unknown)}; there are: {', '.join(DECISION)}")
    return {DECISION[name]: _choice(DECISION[name], typed) for name, typed in design.items()}


def _choice(decision: Decision, typed: object) -> str:
    plain = _plain(str(typed))
    for each in decision.choices:
        if plain == _plain(each):
            return each
    raise AnswerError(f"{decision.name} cannot be {typed!r}; it may be: {', '.join(decision.choices)}")


def _plain(name: str) -> str:
    """The same for "long polling" and "long_poll", for "Web sockets" and "websocket"."""
    return "".join(each for each in name.casefold() if each.isalnum()).removesuffix("ing").removesuffix("s")
