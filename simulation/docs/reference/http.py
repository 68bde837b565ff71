"""Every operation of the API, made from the application's own OpenAPI document."""

import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from reference_impl.api.app import build_api
from reference_impl.config import Settings
from simulation.docs.reference.schemas import Schema, all_schemas, cell, in_words, table

PROBLEM = "application/problem+json"
NEEDS = re.compile(r"[^.]*\bneeds? (?:the role )?`[^.]*\.?", re.IGNORECASE)
READERS = "readers"
TITLES = {
    "problems": "Kinds of problems", "health": "How the server is", "follow": "Following a stream",
    "edges": "What edges ask", "development": "For development",
}  # fmt: skip


class Operation(NamedTuple):
    method: str
    path: str
    about: Schema

    @property
    def name(self) -> str:
        return str(self.about["summary"]).capitalize()

    @property
    def tag(self) -> str:
        return str(self.about["tags"][0])

    @property
    def anchor(self) -> str:
        return self.name.lower().replace(" ", "-")

    @property
    def who(self) -> str:
        """Who may; descriptions say it where it is more than reading the stream."""
        if said := NEEDS.search(self.about.get("description", "")):
            needs = said[0].strip().rstrip(".").removeprefix("Needs ")
            return needs[:1].lower() + needs[1:]
        return READERS if "401" in self.about["responses"] else "anybody"


def document() -> dict[str, Any]:
    """The application's description of itself, which needs none of the parts that it is run with."""
    parts: Any = None
    return build_api(parts, Settings.model_construct(), _sign).openapi()


def _sign(*_: Any) -> str:
    """Its route belongs to the document; nobody is given a token here."""
    return ""


def operations(described: Mapping[str, Any]) -> list[Operation]:
    return [
        Operation(method.upper(), path, about)
        for path, item in described["paths"].items()
        for method, about in item.items()
    ]


def markdown() -> str:
    """A table of all, then each with what it takes and answers, then what the objects hold."""
    described = document()
    known = all_schemas(described)
    everything = operations(described)
    parts = [_overview(everything)]
    for tag in dict.fromkeys(each.tag for each in everything):
        parts.append(f"## {TITLES.get(tag, tag.capitalize())}")
        parts += ["\n".join(_section(each, known)) for each in everything if each.tag == tag]
    parts.append("## Objects")
    parts += [table(name, schema, known) for name, schema in sorted(known.items()) if "properties" in schema]
    return "\n\n".join(parts)


def _overview(everything: list[Operation]) -> str:
    rows = [
        f"| [{each.name}](#{each.anchor}) | `{each.method}` | `{each.path}` | {cell(each.who)} |" for each in everything
    ]
    return "\n".join(["| operation | | address | who may |", "|---|---|---|---|", *rows])


def _section(operation: Operation, known: Mapping[str, Schema]) -> Iterator[str]:
    about = operation.about
    yield from (f"### {operation.name}", "", f"`{operation.method} {operation.path}`", "")
    if does := NEEDS.sub("", about.get("description", "")).strip():
        yield from (cell(does), "")
    yield from (f"Who may: {operation.who}.", "")
    if about.get("parameters"):
        yield from ("| parameter | in | type | meaning |", "|---|---|---|---|")
        for each in about["parameters"]:
            where = f"{each['in']}, required" if each["required"] and each["in"] != "path" else each["in"]
            meaning = each.get("description", "")
            default = each["schema"].get("default")
            meaning += f" (default: {default})" if default not in (None, "") else ""
            yield f"| `{each['name']}` | {where} | {cell(in_words(each['schema'], known))} | {cell(meaning)} |"
        yield ""
    if "requestBody" in about:
        yield from (f"Body: {_content(about['requestBody'], known)}.", "")
    yield f"Answers: {'; '.join(_answers(about['responses'], known))}."
    problems = [each for status in sorted(about["responses"]) for each in _problems(about["responses"][status])]
    if problems:
        yield from ("", f"Problems: {', '.join(problems)}.")


def _answers(responses: Mapping[str, Any], known: Mapping[str, Schema]) -> Iterator[str]:
    for status, answer in responses.items():
        if PROBLEM in answer.get("content", {}):
            continue
        said = answer["description"] if answer["description"] != "Successful Response" else ""
        yield " ".join(filter(None, [status, _content(answer, known), cell(said).rstrip(".")]))


def _content(part: Mapping[str, Any], known: Mapping[str, Schema]) -> str:
    found = [
        f"{in_words(each.get('schema', {}), known)}" if kind == "application/json" else f"`{kind}`"
        for kind, each in part.get("content", {}).items()
    ]
    return " or ".join(each for each in found if each != "any")


def _problems(answer: Mapping[str, Any]) -> Iterator[str]:
    for name, example in answer.get("content", {}).get(PROBLEM, {}).get("examples", {}).items():
        yield f"{example['value']['status']} `{name}`"
