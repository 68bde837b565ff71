"""The house rules, as an ordinary test over the source. Each rule is shown to catch a small violation of itself."""

import ast
import re
import shlex
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from typer.core import TyperGroup

from simulation.cli import COMMANDS, loaded
from tests.arrows import ARROWS, SHELLS

ROOT = Path(__file__).parents[1]
Rule = Callable[[str, ast.Module], list[str]]
FUNCTION_LINES_MAX = 60
FILE_LINES_MAX = 300

PURE = ("reference_impl.policy", "reference_impl.protocol", "reference_impl.moderation")
CLOCKS_AND_IO = {
    "asyncio", "concurrent", "io", "logging", "multiprocessing", "os", "pathlib", "secrets", "select", "selectors",
    "socket", "sqlite3", "ssl", "subprocess", "sys", "tempfile", "threading", "time", "urllib", "uuid",
}  # fmt: skip
IMPURE_CALLS = {"input", "now", "open", "print", "today", "utcnow"}


def modules() -> list[Path]:
    return sorted(path for package in ("reference_impl", "simulation") for path in (ROOT / package).rglob("*.py"))


def name_of(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


def imports(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and not node.level:
            # `from package import module` names the module; what is no module does no harm here.
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def relative_imports(module: str, tree: ast.Module) -> list[str]:
    """A relative import would slip past the arrows."""
    found = [node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and node.level]
    return [f"{module} imports {'.' * node.level}{node.module or ''}" for node in found]


def within(name: str, part: str) -> bool:
    return name == part or name.startswith(part + ".")


def wrong_arrows(module: str, tree: ast.Module) -> list[str]:
    allowed = next(parts for prefix, parts in ARROWS.items() if within(module, prefix))
    ours = [name for name in imports(tree) if within(name, "reference_impl") or within(name, "simulation")]
    return [f"{module} imports {name}" for name in ours if not any(within(name, part) for part in allowed)]


def client_inside_the_server(module: str, tree: ast.Module) -> list[str]:
    """The client is for those outside."""
    if not within(module, "reference_impl") or within(module, "reference_impl.client"):
        return []
    return [f"{module} imports {name}" for name in imports(tree) if within(name, "reference_impl.client")]


def adapters_outside_wiring(module: str, tree: ast.Module) -> list[str]:
    wiring = {
        "reference_impl.wiring",
        "reference_impl.edge_wiring",
        "reference_impl.storage",
        "reference_impl.recent_wiring",
        "reference_impl.moderation_wiring",
        "reference_impl.worker_wiring",
        "simulation.bench.hot_log",
        "simulation.bench.partitions_log",
        "simulation.experiments.caching.probe",
        "simulation.experiments.consumer_groups.live",
        "simulation.experiments.consumer_groups.probe",
        "simulation.experiments.consumer_groups.worker",
        "simulation.experiments.hot_partition.log",
        "simulation.experiments.hot_partition.probe",
    }
    if module in wiring or within(module, "reference_impl.adapters"):
        return []
    return [f"{module} imports {name}" for name in imports(tree) if within(name, "reference_impl.adapters")]


def foreign_imports(module: str, tree: ast.Module) -> list[str]:
    """The pure parts and the shells around them need nothing that must be installed."""
    if not any(within(module, part) for part in (*PURE, *(f"reference_impl.{shell}" for shell in SHELLS))):
        return []
    ours = sys.stdlib_module_names | {"reference_impl"}
    return [f"{module} imports {name}" for name in imports(tree) if name.partition(".")[0] not in ours]


def impure(module: str, tree: ast.Module) -> list[str]:
    """Pure code has no clock and no I/O; a policy takes of `random` the type, the protocol not even that."""
    if not any(within(module, part) for part in PURE):
        return []
    policy = within(module, "reference_impl.policy")
    banned = CLOCKS_AND_IO | ({"datetime"} if policy else set())
    found = []
    for name in imports(tree):
        top = name.partition(".")[0]
        if top in banned or (top == "random" and not (policy and name == "random.Random")):
            found.append(f"{module} imports {name}")
    calls = [node.func for node in ast.walk(tree) if isinstance(node, ast.Call)]
    names = [call.id if isinstance(call, ast.Name) else getattr(call, "attr", "") for call in calls]
    return found + [f"{module} calls {name}()" for name in names if name in IMPURE_CALLS]


def long_functions(module: str, tree: ast.Module) -> list[str]:
    functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    return [
        f"{module}.{node.name} has {length} lines"
        for node in functions
        if (length := (node.end_lineno or 0) - node.lineno + 1) > FUNCTION_LINES_MAX
    ]


def more_than_a_docstring(module: str, tree: ast.Module) -> list[str]:
    """Importing a policy imports this file first, so it must pull in nothing."""
    plain = len(tree.body) == 1 and ast.get_docstring(tree)
    return [] if module != "reference_impl" or plain else [f"{module} is more than a docstring"]


def unwieldy(path: Path, text: str) -> list[str]:
    """A long file wants to be two, a `utils` wants a name, and an __init__.py in tests would shadow a package."""
    found = []
    if (length := len(text.splitlines())) > FILE_LINES_MAX:
        found.append(f"{path} has {length} lines")
    if {"util", "utils", "helpers", "misc"} & {*path.parent.parts, path.stem}:
        found.append(f"{path} has a name that says nothing")
    if path.parts[0] == "tests" and path.name == "__init__.py":
        found.append(f"{path} shadows a package")
    return found


RULES: tuple[Rule, ...] = (
    wrong_arrows, adapters_outside_wiring, client_inside_the_server, relative_imports, foreign_imports, impure,
    long_functions,
    more_than_a_docstring,
)  # fmt: skip


@pytest.mark.parametrize("path", modules(), ids=name_of)
def test_a_module_keeps_the_rules(path: Path) -> None:
    module, tree = name_of(path), ast.parse(path.read_text())
    assert not [violation for rule in RULES for violation in rule(module, tree)]


def test_every_python_file_is_short_and_well_named() -> None:
    paths = [path for folder in ("reference_impl", "simulation", "tests") for path in (ROOT / folder).rglob("*.py")]
    assert not [found for path in paths for found in unwieldy(path.relative_to(ROOT), path.read_text())]


@pytest.mark.parametrize(
    ("module", "source", "rule"),
    [
        ("reference_impl.policy.rate", "from reference_impl.hub import Hub", wrong_arrows),
        ("reference_impl.hub", "from reference_impl.adapters.sqlite import SqliteLog", wrong_arrows),
        ("reference_impl.api.comments", "import reference_impl.wiring", wrong_arrows),
        ("reference_impl.wiring", "from simulation.model import hub", wrong_arrows),
        ("simulation.model.hub", "from reference_impl.ports import Clock", wrong_arrows),
        ("simulation.engines.live", "from reference_impl.wiring import running", wrong_arrows),
        ("reference_impl.server", "from reference_impl.adapters import memory", adapters_outside_wiring),
        ("reference_impl.wiring", "from reference_impl.client import Client", client_inside_the_server),
        ("reference_impl.policy.rate", "import time", impure),
        ("reference_impl.policy.rate", "from random import random", impure),
        ("reference_impl.policy.rate", "from datetime import datetime", impure),
        ("reference_impl.policy.rate", "open('x')", impure),
        ("reference_impl.protocol.text", "from random import Random", impure),
        ("reference_impl.protocol.events", "from datetime import datetime\ndatetime.now()", impure),
        ("reference_impl.policy.rate", "import numpy", foreign_imports),
        ("reference_impl.hub", "from fastapi import FastAPI", foreign_imports),
        ("reference_impl.hub", "from .adapters.sqlite import SqliteLog", relative_imports),
        ("reference_impl", "from reference_impl.wiring import running", more_than_a_docstring),
        ("reference_impl", "'Says what.'\nimport os", more_than_a_docstring),
        ("reference_impl.protocol.sse", "import asyncio", impure),
        ("simulation.x", "def f():\n" + "    x = 1\n" * FUNCTION_LINES_MAX, long_functions),
    ],
)
def test_a_rule_catches_what_breaks_it(module: str, source: str, rule: Rule) -> None:
    assert rule(module, ast.parse(source))


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("simulation/x.py", "\n" * (FILE_LINES_MAX + 1)),
        ("simulation/utils.py", ""),
        ("simulation/utils/text.py", ""),
        ("tests/simulation/__init__.py", ""),
    ],
)
def test_an_unwieldy_file_is_caught(path: str, text: str) -> None:
    assert unwieldy(Path(path), text)


def tracked_files() -> list[Path]:
    try:
        listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("needs git and a git checkout: git clone the project")
    return [path for name in listed.stdout.split("\0") if name and (path := ROOT / name).is_file()]


def leaks(text: str) -> list[str]:
    """Addresses of package registries, and paths of somebody's machine."""
    dot = r"\."
    hosts = [("pypi", "org"), ("pythonhosted", "org"), ("registry", "npmjs"), ("deb", "debian"), ("proxy", "golang")]
    registries = "|".join(dot.join(parts) for parts in hosts)
    return re.findall(rf"https?://[^\s]*(?:{registries})|/(?:home|Users)/\w+/|/root{'/'}|/work{'/'}\w+", text)


def test_no_tracked_file_names_a_registry_or_a_path_of_a_machine() -> None:
    found: dict[str, list[str]] = {}
    for path in tracked_files():
        try:
            found[str(path.relative_to(ROOT))] = leaks(path.read_text())
        except UnicodeDecodeError:
            continue
    assert not {name: lines for name, lines in found.items() if lines}


@pytest.mark.parametrize("text", ["https://files." + "pythonhosted.org/x", "/home/" + "somebody/x", "/root" + "/x"])
def test_a_leak_is_caught(text: str) -> None:
    assert leaks(f"see {text}")


@pytest.mark.parametrize(
    ("module", "blocked"),
    [
        ("simulation.engines.simulated", "fastapi starlette uvicorn sse_starlette aiohttp"),
        ("simulation.scenario", "fastapi starlette uvicorn sse_starlette"),
        ("reference_impl.cli", "simpy numpy networkx matplotlib aiohttp"),
        ("reference_impl.policy.rate", "fastapi simpy numpy pydantic typer"),
    ],
)
def test_a_package_works_without_the_other_ones_dependencies(module: str, blocked: str) -> None:
    code = f"import sys\nfor name in {blocked.split()!r}: sys.modules[name] = None\nimport {module}"
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True)


def unknown_commands(page: str) -> list[str]:
    """Commands in a page's code blocks, indented or fenced, that `simulation.cli` does not have, or not so."""
    found = []
    for line in re.findall(r"^ *(?:\$ )?\./livecomments(?: (.*))?$", page, re.MULTILINE):
        command, *words = shlex.split(line, comments=True) or ["--help"]
        if command in ("test", "--help"):
            continue  # the launcher's own, and pytest's options
        if command not in COMMANDS:
            found.append(command)
            continue
        chosen = loaded(command)
        if isinstance(chosen, TyperGroup):
            chosen = chosen.commands[words[0]]
        known = {"--help", *(option for parameter in chosen.params for option in parameter.opts)}
        given = {word.partition("=")[0] for word in words if word.startswith("--")}
        found += [f"{command} {option}" for option in sorted(given - known)]
    return found


def test_every_command_and_option_in_the_readme_exists() -> None:
    page = (ROOT / "README.md").read_text()
    assert "./livecomments up" in page
    assert not unknown_commands(page)


@pytest.mark.parametrize(
    "line", ["    ./livecomments fly", "./livecomments up --sideways=3", "$ ./livecomments run --x"]
)
def test_an_unknown_command_or_option_is_caught(line: str) -> None:
    assert unknown_commands(f"Text.\n\n{line}  # why\n")
