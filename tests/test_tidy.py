"""The house rules, as an ordinary test over the source. Each rule is shown to catch a small violation of itself."""

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FUNCTION_LINES_MAX = 60
FILE_LINES_MAX = 300

SHELLS = {"hub", "edge", "write_path", "group_commit", "ports"}
PURE_BANNED = {"asyncio", "datetime", "logging", "os", "socket", "subprocess", "threading", "time"}

# Who (a prefix of the module's name) may import which parts of the two packages.
ARROWS = {
    "reference_impl.policy": {"reference_impl.policy"},
    "reference_impl.protocol": {"reference_impl.protocol"},
    **{
        f"reference_impl.{shell}": {
            "reference_impl.policy", "reference_impl.protocol", *(f"reference_impl.{each}" for each in SHELLS),
        }
        for shell in SHELLS
    },
    "reference_impl.adapters": {"reference_impl.ports", "reference_impl.protocol"},
    "reference_impl.transports": {
        "reference_impl.policy", "reference_impl.protocol", "reference_impl.ports", "reference_impl.transports",
    },
    "reference_impl.observability": {"reference_impl.ports"},
    "reference_impl.config": {"reference_impl.policy"},
    "reference_impl.api": {
        "reference_impl.api", "reference_impl.config", "reference_impl.hub", "reference_impl.policy",
        "reference_impl.ports", "reference_impl.protocol", "reference_impl.transports", "reference_impl.write_path",
    },
    "reference_impl": {"reference_impl"},
    "simulation.model": {
        "simulation.model", "simulation.calibration", "simulation.trace", "reference_impl.policy",
        "reference_impl.protocol",
    },
    "simulation.cli": {"simulation", "reference_impl.cli"},
    "simulation": {"simulation", "reference_impl.policy", "reference_impl.protocol"},
}  # fmt: skip


def modules() -> list[Path]:
    return sorted(path for package in ("reference_impl", "simulation") for path in (ROOT / package).rglob("*.py"))


def name_of(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


def imports(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            # `from package import module` names the module; what is no module does no harm here.
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def within(name: str, part: str) -> bool:
    return name == part or name.startswith(part + ".")


def wrong_arrows(module: str, tree: ast.AST) -> list[str]:
    allowed = next(parts for prefix, parts in ARROWS.items() if within(module, prefix))
    ours = [name for name in imports(tree) if within(name, "reference_impl") or within(name, "simulation")]
    return [f"{module} imports {name}" for name in ours if not any(within(name, part) for part in allowed)]


def adapters_outside_wiring(module: str, tree: ast.AST) -> list[str]:
    if module == "reference_impl.wiring" or within(module, "reference_impl.adapters"):
        return []
    return [f"{module} imports {name}" for name in imports(tree) if within(name, "reference_impl.adapters")]


def impure(module: str, tree: ast.AST) -> list[str]:
    """Pure code uses the standard library only, without a clock or I/O, and of `random` only the type."""
    standard = sys.stdlib_module_names
    found = []
    for name in imports(tree):
        top = name.partition(".")[0]
        banned = top in PURE_BANNED and name not in ("datetime.UTC", "datetime.datetime")
        if banned or (top == "random" and name != "random.Random") or top not in standard | {"reference_impl"}:
            found.append(f"{module} imports {name}")
    return found


def long_functions(module: str, tree: ast.AST) -> list[str]:
    functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    return [
        f"{module}.{node.name} has {length} lines"
        for node in functions
        if (length := (node.end_lineno or 0) - node.lineno + 1) > FUNCTION_LINES_MAX
    ]


@pytest.mark.parametrize("path", modules(), ids=name_of)
def test_a_module_keeps_the_rules(path):
    module, tree = name_of(path), ast.parse(path.read_text())
    found = wrong_arrows(module, tree) + adapters_outside_wiring(module, tree) + long_functions(module, tree)
    if within(module, "reference_impl.policy") or within(module, "reference_impl.protocol"):
        found += impure(module, tree)
    assert not found
    assert len(path.read_text().splitlines()) <= FILE_LINES_MAX
    assert path.stem not in ("util", "utils", "helpers", "misc")


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
        ("reference_impl.policy.rate", "import time", impure),
        ("reference_impl.policy.rate", "from random import random", impure),
        ("reference_impl.policy.rate", "import numpy", impure),
        ("reference_impl.protocol.sse", "import asyncio", impure),
        ("simulation.x", "def f():\n" + "    x = 1\n" * FUNCTION_LINES_MAX, long_functions),
    ],
)
def test_a_rule_catches_what_breaks_it(module, source, rule):
    assert rule(module, ast.parse(source))


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


def test_no_tracked_file_names_a_registry_or_a_path_of_a_machine():
    found = {}
    for path in tracked_files():
        try:
            found[path.name] = leaks(path.read_text())
        except UnicodeDecodeError:
            continue
    assert not {name: lines for name, lines in found.items() if lines}


@pytest.mark.parametrize("text", ["https://files." + "pythonhosted.org/x", "/home/" + "somebody/x", "/root" + "/x"])
def test_a_leak_is_caught(text):
    assert leaks(f"see {text}")


def test_test_folders_hold_no_init_file():
    # One under tests/simulation would shadow the package of that name.
    assert not list((ROOT / "tests").rglob("__init__.py"))


def test_importing_the_server_package_runs_nothing():
    body = ast.parse((ROOT / "reference_impl/__init__.py").read_text()).body
    assert [type(statement) for statement in body] == [ast.Expr]


@pytest.mark.parametrize(
    ("module", "blocked"),
    [
        ("simulation.engines.simulated", "fastapi starlette uvicorn sse_starlette aiohttp"),
        ("simulation.scenario", "fastapi starlette uvicorn sse_starlette"),
        ("reference_impl.cli", "simpy numpy networkx matplotlib aiohttp"),
        ("reference_impl.policy.rate", "fastapi simpy numpy pydantic typer"),
    ],
)
def test_a_package_works_without_the_other_ones_dependencies(module, blocked):
    code = f"import sys\nfor name in {blocked.split()!r}: sys.modules[name] = None\nimport {module}"
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True)


def readme_commands() -> list[list[str]]:
    lines = re.findall(r"^    \./livecomments (.*)$", (ROOT / "README.md").read_text(), re.MULTILINE)
    return [line.split() for line in lines]


def test_every_command_and_option_in_the_readme_exists():
    import typer.main

    from simulation.cli import app

    commands = typer.main.get_command(app).commands
    for command, *words in readme_commands():
        if command in ("test", "--help"):
            continue
        options = {option for parameter in commands[command].params for option in parameter.opts}
        assert {word for word in words if word.startswith("--")} <= options, command
