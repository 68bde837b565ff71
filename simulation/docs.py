"""Puts measured numbers into the pages: ``python -m simulation.docs`` rewrites what stands between two marks.

    <!-- result: up -->   the tables of simulation/results/up.json   <!-- end -->

A test fails when a page and its artefact differ, so no number in prose is typed by hand.
"""

import json
import re
import sys
from pathlib import Path

from simulation.report import markdown

ROOT = Path(__file__).parents[1]
RESULTS = Path(__file__).parent / "results"
PAGES = ("README.md", "lessons/index.md")

_BLOCK = re.compile(r"(<!-- result: ([a-z0-9_-]+) -->\n).*?(<!-- end -->)", re.DOTALL)


def render(text: str) -> str:
    """The page with every block made anew."""
    return _BLOCK.sub(lambda match: f"{match[1]}\n{_block(match[2])}\n\n{match[3]}", text)


def _block(name: str) -> str:
    document = json.loads((RESULTS / f"{name}.json").read_text())
    scenario, machine = document["scenario"], document["machine"]
    workload = scenario["workload"]
    return (
        f"{scenario['audience']['viewers']:,} viewers, {workload['trace']} at {workload['speed']:g} times its speed, "
        f"{scenario['duration_s']:g} s, window {scenario['system']['window_ms']:g} ms, seed {document['seed']}; "
        f"{machine['cores']} cores of {machine['cpu']}, {machine['system']}, Python {machine['python']}.\n\n"
        f"{markdown(document)}"
    )


def main() -> None:
    for page in PAGES:
        path = ROOT / page
        path.write_text(render(path.read_text()))
        sys.stdout.write(f"{page}\n")


if __name__ == "__main__":
    main()
