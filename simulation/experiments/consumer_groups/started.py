"""What the processes of a live run have in common: the queue's name, and where each finds what the others wrote."""

import json
from collections import Counter
from dataclasses import asdict
from pathlib import Path

from reference_impl.policy.lease import LeaseConfig
from simulation.experiments.consumer_groups.plan import Case, Fault, Size, Variant

QUEUE = "groups"
EFFECTS = "work_in_effect"  # a table beside the server's own: number, worker, at_s


def database_in(folder: Path) -> str:
    return f"sqlite:///{folder / 'effects.sqlite'}"


def notes_in(folder: Path, worker: int) -> Path:
    return folder / f"worker-{worker}.jsonl"


def noted(folder: Path, workers: int) -> dict[str, Counter[int]]:
    """How often each piece was "begun", and "refused" by a fence."""
    found = {"begun": Counter[int](), "refused": Counter[int]()}
    for worker in range(workers):
        for line in notes_in(folder, worker).read_text().splitlines():
            what, numbers = json.loads(line)
            found[what].update(numbers)
    return found


def case_as_json(case: Case) -> str:
    return json.dumps(asdict(case), default=lambda each: each.value)


def case_in(text: str) -> Case:
    found = json.loads(text)
    variant, size = found["variant"], found["size"]
    return Case(
        Variant(**variant | {"fault": Fault(variant["fault"])}),
        found["repeat"],
        Size(**size | {"lease": LeaseConfig(**size["lease"])}),
    )
