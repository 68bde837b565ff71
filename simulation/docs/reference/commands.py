"""Every command with its arguments and options, made from the command line itself."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from typer.core import TyperGroup

from simulation.cli import COMMANDS, loaded
from simulation.docs.reference.schemas import cell

SAID = re.compile(r"\s*\[default: (.+)\]$")  # where an option's help says itself what holds without it


def markdown() -> str:
    """A table of all commands, then each with what it takes."""
    rows = [f"| [`{name}`](#{name}) | {cell(each.says)} |" for name, each in COMMANDS.items()]
    parts = ["\n".join(["| command | does |", "|---|---|", *rows])]
    for name in COMMANDS:
        parts.append(f"## {name}")
        parts += _sections(name, loaded(name))
    return "\n\n".join(parts)


def _sections(name: str, command: Any) -> Iterator[str]:
    """A command's own text and table; of a group also those of its commands."""
    yield "\n\n".join(filter(None, [f"`./livecomments {name}`", _help(command), _table(command)]))
    if isinstance(command, TyperGroup):
        for below, each in command.commands.items():
            yield f"### {name} {below}"
            yield from _sections(f"{name} {below}", each)


def _help(command: Any) -> str:
    """Paragraphs; what typer marks as a paragraph to be kept as it is loses its mark."""
    return "\n\n".join(cell(part) for part in (command.help or "").replace("\b", "").split("\n\n"))


def _table(command: Any) -> str:
    shown = [each for each in command.params if each.name != "help" and not getattr(each, "hidden", False)]
    if not shown:
        return ""
    rows = [f"| {_names(each)} | {cell(SAID.sub('', each.help or ''))} | {cell(_default(each))} |" for each in shown]
    return "\n".join(["| takes | which is | if not given |", "|---|---|---|", *rows])


def _names(parameter: Any) -> str:
    if parameter.param_type_name == "argument":
        return f"`{parameter.metavar or parameter.name.upper()}`"
    return ", ".join(f"`{name}`" for name in (*parameter.opts, *parameter.secondary_opts))


def _default(parameter: Any) -> str:
    if parameter.required:
        return "required"
    if said := SAID.search(parameter.help or ""):
        return said[1]
    default, shown = parameter.default, getattr(parameter, "show_default", True)
    if isinstance(shown, str):
        return shown
    if shown is False or default in (None, "", False, [], ()):
        return ""
    if default is True:
        return f"`{parameter.opts[0]}`"
    if isinstance(default, list | tuple):
        return ", ".join(f"`{each}`" for each in default)
    return f"`{default.name if isinstance(default, Path) else default}`"
