"""Ports that a process keeps: none is answered twice, nor one that somebody has."""

import itertools
import socket

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
