"""The messages that viewers are sent and may send, made from the protocol's own catalogue."""

from collections.abc import Iterator

from reference_impl.protocol.catalogue import EVENTS, NOTICES, RANGES, SAID, Described, Way
from simulation.docs.reference.schemas import cell

GROUPS = (
    ("Events of the log", EVENTS),
    ("What accounts for the rest", RANGES),
    ("What may be lost", NOTICES),
)


def markdown() -> str:
    """A table of all, then each with its fields, then what viewers say."""
    parts = [_overview()]
    for title, group in GROUPS:
        parts.append(f"## {title}")
        parts += ["\n".join(_section(each)) for each in group]
    parts += ["## What a viewer may send", _said()]
    return "\n\n".join(parts)


def _overview() -> str:
    head = f"| message | {' | '.join(Way)} | its `id` | when |"
    rows = [
        f"| [`{each.name}`](#{each.name}) | {' | '.join('yes' if way in each.ways else '' for way in Way)} | "
        f"{each.position} | {cell(each.when)} |"
        for _, group in GROUPS
        for each in group
    ]
    return "\n".join([head, "|---|" + ":-:|" * len(Way) + "---|---|", *rows])


def _section(message: Described) -> Iterator[str]:
    yield from (f"### {message.name}", "", message.when, "", "| field | is |", "|---|---|")
    yield from (
        f"| {'' if name == '…' else f'`{name}`'} | {cell(meaning)} |" for name, meaning in message.fields.items()
    )


def _said() -> str:
    rows = [
        f"| `{name}` | {'; '.join(f'`{field}`: {cell(meaning)}' for field, meaning in fields.items()) or 'nothing'} |"
        for name, fields in SAID.items()
    ]
    return "\n".join(["| `type` | holds, besides `ref` |", "|---|---|", *rows])
