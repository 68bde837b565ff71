"""A Dask cluster in place of this machine's cores: one that runs somewhere, or two workers and more started here.

Dask is an extra of its own (`cluster`), and imported when it is asked for. What a worker computes must not depend on
which one it is: all have to have the same versions of what draws and counts, and of this project.
"""

import logging
import os
import platform
import sys
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from hashlib import blake2b
from importlib import import_module, metadata
from pathlib import Path
from typing import Any

from simulation.engines.processes import ProcessError, on_all_cores
from simulation.replications import Backend, spare_workers

LOCAL = "local"
ANSWER_S = 10  # of a scheduler, and of its first worker
PACKAGES = ("networkx", "numpy", "simpy")
PROJECT = ("reference_impl", "simulation")


@contextmanager
def cluster(address: str) -> Iterator[Backend]:
    """The backend for `replications`: of the scheduler at this address, or of a cluster here for `LOCAL`.

    ProcessError says what is missing: Dask itself, the scheduler, a worker, or the same versions there as here.
    """
    distributed = _distributed()
    with ExitStack() as stack:
        stack.callback(logging.disable, logging.root.manager.disable)
        where = stack.enter_context(_here(distributed)) if address == LOCAL else address
        try:
            client = stack.enter_context(distributed.Client(where, timeout=ANSWER_S, set_as_default=False))
            client.wait_for_workers(1, timeout=ANSWER_S)
        except (OSError, TimeoutError, ValueError) as error:
            raise ProcessError(
                f"no Dask scheduler with a worker answers at {address} within {ANSWER_S} s ({error}). An address as "
                f"tcp://127.0.0.1:8786 is allowed, or {LOCAL} for a cluster on this machine"
            ) from error
        _same_everywhere(client.run)
        if address == LOCAL:
            client.run(_say_nothing)
        try:
            yield {"backend": "dask", "client": client}
        except BaseException:
            logging.disable()  # until all is closed: what becomes of what was under way is not worth telling
            raise


def versions() -> dict[str, str]:
    """Of all that a figure depends on, where this is called."""
    root = Path(__file__).parents[1]
    source = blake2b(digest_size=8)
    for path in sorted(path for package in PROJECT for path in (root / package).rglob("*.py")):
        source.update(path.relative_to(root).as_posix().encode() + path.read_bytes())
    found = {"Python": platform.python_version()} | {name: metadata.version(name) for name in PACKAGES}
    return found | {"this project": source.hexdigest()}


def differences(here: Mapping[str, str], there: Mapping[str, Mapping[str, str]]) -> list[str]:
    """What is another version at a worker, by its address, a phrase each."""
    return [
        f"{worker} has {name} {found.get(name)}, here it is {version}"
        for worker, found in sorted(there.items())
        for name, version in here.items()
        if found.get(name) != version
    ]


def _same_everywhere(run: Callable[..., Any]) -> None:
    try:
        there = run(versions)
    except ImportError as error:
        raise ProcessError(
            f"a worker of the cluster cannot import this project ({error}): start workers with a checkout of this "
            "version on their PYTHONPATH"
        ) from error
    if found := differences(versions(), there):
        raise ProcessError(f"workers would compute other figures than this machine: {'; '.join(found)}")


def _say_nothing() -> None:
    """In a worker: what a call fails with comes back to who has asked, and all else that is said is of its end."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stderr.fileno())


@contextmanager
def _here(distributed: Any) -> Iterator[Any]:
    """A worker for each core, but two at least: with one there would be nothing to distribute."""
    # In a thread of its own: what it starts, Dask's own threads among it, is deaf to Ctrl-C, and this one is not.
    with on_all_cores() as cores, ThreadPoolExecutor(1, initializer=spare_workers) as thread:
        local = thread.submit(
            distributed.LocalCluster,
            n_workers=max(2, cores), threads_per_worker=1, host="127.0.0.1", scheduler_kwargs={"dashboard": False},
            dashboard_address="127.0.0.1:0", worker_dashboard_address=None, silence_logs=logging.ERROR,
        ).result()  # fmt: skip
    with local:
        yield local


def _distributed() -> Any:
    try:
        return import_module("distributed")
    except ImportError as error:
        raise ProcessError(
            f"a cluster needs Dask, which is not installed here: {sys.executable} -m pip install distributed"
        ) from error
