"""JSON schemas of an OpenAPI document in words, and as tables."""

from collections.abc import Iterator, Mapping
from typing import Any

Schema = Mapping[str, Any]


def cell(text: str) -> str:
    """Text that may stand in a cell of a table."""
    return " ".join(text.split()).replace("|", "\\|")


def in_words(schema: Schema, known: Mapping[str, Schema]) -> str:
    """A type as a reader says it; one that has a table of its own as a link there."""
    name = schema["$ref"].rpartition("/")[2] if "$ref" in schema else schema.get("title", "")
    if "enum" in known.get(name, schema):
        return " or ".join(f"`{value}`" for value in known.get(name, schema)["enum"])
    if name in known and ("$ref" in schema or "properties" in schema):
        return f"[{name}](#{name.lower()}-object)"
    if "anyOf" in schema:
        return " or ".join(in_words(each, known) for each in schema["anyOf"])
    if schema.get("type") == "array":
        return f"list of {in_words(schema.get('items', {}), known)}"
    if schema.get("type") == "object":
        inner = schema.get("additionalProperties")
        return f"object of {in_words(inner, known)}" if isinstance(inner, Mapping) and inner else "object"
    return " ".join([schema.get("type", "any"), *_limits(schema)])


def _limits(schema: Schema) -> Iterator[str]:
    for least, most, unit in (("minimum", "maximum", ""), ("minLength", "maxLength", " characters")):
        low, high = schema.get(least), schema.get(most)
        if low is not None and high is not None:
            yield f"({low:.15g} to {high:.15g}{unit})"
        elif high is not None:
            yield f"(at most {high}{unit})"
        elif low is not None:
            yield f"(at least {low}{unit})"


def all_schemas(document: Schema) -> dict[str, Schema]:
    """Those of the components, and those of bodies, which are written where they are used; by name."""
    found: dict[str, Schema] = dict(document["components"]["schemas"])

    def walk(node: Any) -> None:
        if isinstance(node, list):
            for each in node:
                walk(each)
        elif isinstance(node, dict):
            if "properties" in node and "title" in node:
                found.setdefault(node["title"], node)
            for each in node.values():
                walk(each)

    walk([[operation.get("requestBody") for operation in item.values()] for item in document["paths"].values()])
    return found


def table(name: str, schema: Schema, known: Mapping[str, Schema]) -> str:
    """What an object holds, field by field."""
    required = set(schema.get("required", ()))
    rows = [
        f"| `{field}` | {cell(in_words(each, known))} | {'yes' if field in required else _default(each)} | "
        f"{cell(each.get('description', ''))} |"
        for field, each in schema["properties"].items()
    ]
    about = [cell(schema["description"]), ""] if schema.get("description") else []
    return "\n".join(
        [f"### {name} object", "", *about, "| field | type | required | meaning |", "|---|---|---|---|", *rows]
    )


def _default(schema: Schema) -> str:
    given = schema.get("default")
    return "" if given in (None, "", [], {}) else f"no: `{given}`".replace("True", "true").replace("False", "false")
