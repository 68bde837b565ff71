"""Listings of the pages, cut out of the source."""

import ast
import textwrap
from pathlib import Path


def listing(root: Path, where: str) -> str:
    """``where`` is a file of the project and what of it is shown: `reference_impl/policy/rate.py TokenBucket.take`.

    A class or function without its docstring, which is prose and stands in the page's own words; the file's name is
    above it. LookupError names what is not there.
    """
    file, _, dotted = where.partition(" ")
    text = (root / file).read_text()
    node = found(ast.parse(text), dotted.split("."), where)
    lines = text.splitlines()
    first = min([node.lineno, *(each.lineno for each in node.decorator_list)]) - 1
    kept = lines[first : node.end_lineno]
    if ast.get_docstring(node):
        docstring = node.body[0]
        assert docstring.end_lineno is not None
        after = docstring.end_lineno - first
        after += not kept[after].strip()  # the blank line that sets the docstring off
        del kept[docstring.lineno - 1 - first : after]
    shown = textwrap.dedent("\n".join(kept)).strip("\n")
    return f"`{file}`\n\n```python\n{shown}\n```"


def found(tree: ast.Module, dotted: list[str], where: str) -> ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef:
    """The definition of that name, which may be inside another."""
    scope: ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef = tree
    for name in dotted:
        inside = [
            node
            for node in scope.body
            if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) and node.name == name
        ]
        if not inside:
            raise LookupError(f"there is no {name} where a page asks for {where}")
        scope = inside[-1]
    assert not isinstance(scope, ast.Module)
    return scope
