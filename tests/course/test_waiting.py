"""An answer that waits is told what to do instead, and nothing of that is left behind."""

import queue
import threading
import time

import pytest

from simulation.course.exercise import Misconception
from simulation.course.waiting import never_waits


def put_into_a_full_queue():
    full = queue.Queue(1)
    full.put(1)
    full.put(2)


@pytest.mark.parametrize("waits", [lambda: time.sleep(3_600), put_into_a_full_queue, lambda: threading.Event().wait()])
def test_who_would_wait_is_told_instead(waits):
    with never_waits("answer at once"), pytest.raises(Misconception, match="answer at once"):
        waits()


def test_afterwards_one_may_wait_again():
    sleep, wait = time.sleep, threading.Condition.wait
    with pytest.raises(Misconception), never_waits(""):
        time.sleep(1)
    assert (time.sleep, threading.Condition.wait) == (sleep, wait)
