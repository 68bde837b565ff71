"""Write an incremental parser of text/event-stream by the WHATWG's rules, which do not know of pieces."""

from collections.abc import Sequence
from itertools import pairwise
from types import ModuleType
from typing import TYPE_CHECKING, Any

from hypothesis import strategies as st

from simulation.course.exercise import Check, Exercise, Misconception, every

if TYPE_CHECKING:
    from simulation.course.live import Stage

Told = tuple[str, str, str]  # event, data, id
NO_DIGITS = ("soon", "-1", "+5", "2_500", "2.5", "٢٥", "²")

ENDS = st.sampled_from([b"\n", b"\r\n", b"\r"])
# No line ends; but what some think are ones, spaces, colons, and characters of two, three and four bytes.
LINES = st.text(alphabet="a: é€⚽\u2028\x85\x0b", max_size=6)
DATA = st.lists(LINES, min_size=1, max_size=3).map("\n".join)
EVENTS = st.lists(
    st.tuples(st.sampled_from(["", "comment", "shed"]), DATA, st.sampled_from(["", "7:1", "7:2"])), max_size=4
)


def written(events: Sequence[Told], end: bytes) -> bytes:
    """As a server sends them; one without an id has no field of that name."""
    lines = []
    for event, data, id_ in events:
        lines += [f"event: {event}"] * bool(event) + [f"id: {id_}"] * bool(id_)
        lines += [*(f"data: {line}" for line in data.split("\n")), ""]
    return b"".join(line.encode() + end for line in lines)


def read(answer: ModuleType, pieces: Sequence[bytes]) -> tuple[Any, list[Told]]:
    """The parser after the pieces, and what it has told."""
    parser, told = answer.Parser(), list[Told]()
    for piece in pieces:
        try:
            told += [(each.event, each.data, each.id) for each in parser.feed(piece)]
        except UnicodeDecodeError as error:
            raise Misconception(
                f"the piece {piece!r} cannot be decoded by itself ({error.reason}): a piece may end between the "
                "bytes of a character. Look for the ends of lines among bytes, and decode lines that are whole."
            ) from error
    return parser, told


def cut(data: bytes, places: Sequence[int]) -> list[bytes]:
    ends = sorted({0, len(data), *(place % (len(data) + 1) for place in places)})
    return [data[start:end] for start, end in pairwise(ends)]


def wherever_it_is_cut(answer: ModuleType) -> str:
    plain = [("comment", "né", "7:1"), ("", "ok", "")]

    def same(events: Sequence[Told], end: bytes, places: Sequence[int]) -> None:
        sent = written(events, end)
        pieces, whole = cut(sent, places), read(answer, [sent])[1]
        told = read(answer, pieces)[1]
        if told != whole:
            raise Misconception(_cut_badly(pieces, told, whole))

    for end in (b"\n", b"\r\n", b"\r"):
        for place in range(len(written(plain, end))):
            same(plain, end, [place])
        same(plain, end, range(100))
    places = st.lists(st.integers(0, 200), max_size=8)
    return every(st.tuples(EVENTS, ENDS, places), lambda case: same(*case), 150)


def _cut_badly(pieces: Sequence[bytes], told: Sequence[Told], whole: Sequence[Told]) -> str:
    seen = f"the pieces {', '.join(map(repr, pieces))} told {list(told)}; in one piece they tell {list(whole)}"
    if len(pieces) == 1:
        return (
            f"{seen}, by another parser. What is kept in the class, the module or a default argument is every "
            "parser's: make it in __init__."
        )
    if len(told) > len(whole) and all(each in whole for each in told):
        return f"{seen}. What was told is told again: `feed` answers the events that have become complete by its piece."
    if any(before.endswith(b"\r") and after.startswith(b"\n") for before, after in pairwise(pieces)):
        return (
            f"{seen}. A CR at the end of a piece may be half of a CR LF: the LF that the next piece begins with "
            "ends no other line, and no event."
        )
    if "\ufffd" in str(told):
        return f"{seen}. A piece may end between the bytes of a character: decode lines that are whole, not pieces."
    return (
        f"{seen}. A piece is no event and no line: what is not complete is kept until the rest comes, and the "
        "fields of an event may come in several pieces."
    )


def as_it_was_sent(answer: ModuleType) -> str:
    cases = {
        b"data:  two\n\n": ("two spaces after the colon: one is the format's, the other one is the text's", " two"),
        b"data: end \n\n": ("a space at the end: it is the text's", "end "),
        b"data:none\n\n": ("no space after the colon: it may be left out", "none"),
        b"data: a\ndata: b\n\n": ("two lines of data: they are joined with LF, none takes the other's place", "a\nb"),
        b"data: a\ndata\n\n": ("a line without a colon: a field with an empty value", "a\n"),
        b"data: a: b\n\n": ("a second colon: it is the text's", "a: b"),
        b"\xef\xbb\xbfdata: a\n\n": ("a byte order mark at the very beginning: it is left out", "a"),
        "data: a\u2028b\n\n".encode(): ("U+2028: no line ends there, only with LF, CR and CR LF", "a\u2028b"),
        b"data: a\n\xef\xbb\xbfdata: b\n\n": ("a mark that is not at the beginning: it belongs to what is there", "a"),
    }
    for sent, (what, wanted) in cases.items():
        told = [data for _, data, _ in read(answer, [sent])[1]]
        if told != [wanted]:
            raise Misconception(f"{sent!r} has {what}. The data is {wanted!r}, and yours says {told}.")
    return f"{len(cases)} cases"


def passed_over(answer: ModuleType) -> str:
    cases = {
        b": heartbeat\n\n": ("a comment is no event; servers send them so that proxies do not hang up", []),
        b"event: comment\n\ndata: a\n\n": ("an event without data is none, and its type ends with it", ["message a"]),
        b"colour: red\ndata: a\n\n": ("a field that nobody knows is passed over", ["message a"]),
        b": note\ndata: a\n: note\ndata: b\n\n": ("a comment does not end what is around it", ["message a\nb"]),
        b"event: x\ndata: a\n\ndata: b\n\n": ("a type is its own event's only", ["x a", "message b"]),
        b"data: a\n": ("only an empty line ends an event: what is there so far may go on", []),
        b"data\n\n": ("an empty line of data is data", ["message "]),
    }
    for sent, (what, wanted) in cases.items():
        told = [f"{event} {data}" for event, data, _ in read(answer, [sent])[1]]
        if told != wanted:
            raise Misconception(f"{sent!r}: {what}. Events are {wanted}, and yours says {told}.")
    return f"{len(cases)} cases"


def last_id(answer: ModuleType) -> str:
    lost = "whoever reconnects with an older id is told again what it has, and without one misses what came meanwhile"
    cases = {
        b"id: 7:1\ndata: a\n\ndata: b\n\n": (f"an event without an id does not take back the last one: {lost}", "7:1"),
        b"id: 7:1\ndata: a\n\n: heartbeat\n\n": (f"a heartbeat has no id, and takes none away: {lost}", "7:1"),
        b"id: 7:1\ndata: a\n\nid: 7:2\n\n": (f"an id without data is one all the same: {lost}", "7:2"),
        b"id: 7:1\ndata: a\n\nid: 7:2\ndata: b": (f"an id counts when its event is complete: {lost}", "7:1"),
        b"id: 7:1\ndata: a\n\nid\ndata: b\n\n": ("an empty id takes the last one back", ""),
        b"id: 7:1\ndata: a\n\nid: 7\x00\ndata: b\n\n": ("an id with a NUL is passed over", "7:1"),
    }
    for sent, (what, wanted) in cases.items():
        parser, told = read(answer, [sent])
        if parser.last_event_id != wanted:
            raise Misconception(f"{sent!r}: {what}. `last_event_id` is {wanted!r}, and yours {parser.last_event_id!r}.")
        if sent.endswith(b"data: b\n\n") and (not told or told[-1][2] != wanted):
            raise Misconception(f"{sent!r}: {what}. The id of the last event is {wanted!r}, and yours are {told}.")
    return f"{len(cases)} cases"


def retry(answer: ModuleType) -> str:
    for said, wanted in [("2500", 2500), *dict.fromkeys(NO_DIGITS).items()]:
        sent = f"retry: {said}\n\n".encode()
        try:
            parser, told = read(answer, [sent])
        except ValueError as error:
            raise Misconception(
                f"{sent!r} raises ValueError ({error}): what is not all digits, from 0 to 9, is passed over."
            ) from error
        if parser.retry_ms != wanted or told:
            raise Misconception(
                f"{sent!r}: `retry` is a setting of the reader and no event, and what is not all digits (0 to 9) is "
                "passed over; `int` takes signs and underlines as well, and `isdigit` digits of all scripts. "
                f"`retry_ms` is {wanted}, and yours {parser.retry_ms}, with {len(told)} events."
            )
    return ""


async def live(answer: ModuleType, stage: "Stage") -> str:
    from simulation.course.exercises.sse_parser.live import followed

    async with stage.server("--heartbeat-s", "0.3") as url:
        return await followed(answer, url)


EXERCISE = Exercise(
    lesson="03",
    place=2,
    name="sse_parser",
    title="Server-sent events from pieces of bytes",
    kind="protocol",
    wants=("Parser", "Event"),
    checks=(
        Check("the same events, wherever the bytes are cut", wherever_it_is_cut),
        Check("data as it was sent", as_it_was_sent),
        Check("comments, unknown fields and incomplete events are passed over", passed_over),
        Check("the last id holds until there is another one", last_id),
        Check("retry is taken if it is a number", retry),
    ),
    live=live,
)
