"""Lists of modules whose docstrings and signatures the site shows, one heading each."""

import ast
from pathlib import Path
from pkgutil import iter_modules

import reference_impl


def markdown(package: str) -> str:
    """A table of a package's modules by what each is, then a place for each, where the site has its names."""
    folder = Path(reference_impl.__file__).parent / package
    names = sorted(each.name for each in iter_modules([str(folder)]))
    rows = [f"| [`{name}`](#{name}) | {_first_line(folder / f'{name}.py')} |" for name in names]
    parts = ["\n".join(["| module | is |", "|---|---|", *rows])]
    parts += [f"## {name}\n\n::: reference_impl.{package}.{name}" for name in names]
    return "\n\n".join(parts)


def _first_line(path: Path) -> str:
    said = ast.get_docstring(ast.parse(path.read_text())) or ""
    return said.partition("\n")[0].replace("``", "`").replace("|", "\\|")
