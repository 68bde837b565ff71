"""Ports that a process keeps: none is answered twice, nor one that somebody has, or is about to have."""

import itertools
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from simulation.engines import ports
from simulation.engines.ports import FIRST, LAST, free_port


def test_no_port_is_answered_twice() -> None:
    found = [free_port() for _ in range(50)]
    assert len(set(found)) == 50
    assert all(FIRST <= port <= LAST for port in found)


def test_a_port_that_somebody_has_is_passed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as other:
        taken = free_port()
        other.bind(("127.0.0.1", taken))
        monkeypatch.setattr(ports, "_numbers", itertools.count(taken - FIRST))
        assert free_port() != taken


ANOTHER = """
import sys
from simulation.engines import ports
ports._numbers = iter(range(int(sys.argv[1]), ports.LAST))
print(ports.free_port(), flush=True)
sys.stdin.read()
"""


def test_a_port_that_another_process_was_answered_is_passed_over_while_that_lives(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    command = [sys.executable, "-c", ANOTHER, str(free_port() - FIRST)]
    with subprocess.Popen(
        command, cwd=Path(__file__).parents[2], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as other:
        assert other.stdout
        kept = int(other.stdout.readline())
        monkeypatch.setattr(ports, "_numbers", itertools.count(kept - FIRST))
        assert free_port() != kept
    monkeypatch.setattr(ports, "_numbers", itertools.count(kept - FIRST))
    assert free_port() == kept
